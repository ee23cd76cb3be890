import { expect, test } from 'vitest'
import { createSeats, type Seat } from '../../../node/messages/routing/seats.ts'

const seat = (byte: number): Seat => ({
  end: new Uint8Array(32).fill(byte),
  rules: [],
  keeps: false,
  proof: undefined,
  since: 0,
  give: () => {},
})

test('seats: are found by their end, each once, until they are given up', () => {
  const seats = createSeats()
  const [one, other, elsewhere] = [seat(1), seat(1), seat(2)]
  for (const taken of [one, other, elsewhere, one]) seats.add(taken)
  expect([[...seats.at(one.end)], [...seats.at(elsewhere.end)], [...seats.at(seat(3).end)]]).toEqual([[one, other], [elsewhere], []])
  expect([seats.size, [...seats.all()]]).toEqual([3, [one, other, elsewhere]])
  for (const given of [one, one, seat(1)]) seats.remove(given)
  expect([seats.size, [...seats.at(one.end)]]).toEqual([2, [other]])
})
