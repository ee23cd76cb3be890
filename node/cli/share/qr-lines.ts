/** A QR code in lines of text for a terminal: two rows of it in each, in colours of its own, so that it is dark on light in every terminal. */

/** The light margin around it that cameras need, in modules. @see ISO/IEC 18004, 6.3.8 */
const MARGIN = 4
const BLACK_ON_WHITE = '\u001b[30;107m'
const PLAIN = '\u001b[0m'

/** The part of lean-qr's code that is drawn. */
interface QrCode {
  /** Modules in a row. */
  size: number
  /** True where it is dark; false outside. */
  get(x: number, y: number): boolean
}

/** @returns undefined when the terminal is too narrow for it */
export function qrLines(code: QrCode, columns: number): string[] | undefined {
  const { size } = code
  const width = size + 2 * MARGIN
  if (width > columns) return undefined
  const lines: string[] = []
  for (let y = -MARGIN; y < size + MARGIN; y += 2) {
    let line = ''
    for (let x = -MARGIN; x < size + MARGIN; x++) line += half(code.get(x, y), code.get(x, y + 1))
    lines.push(`${BLACK_ON_WHITE}${line}${PLAIN}`)
  }
  return lines
}

function half(isUpperDark: boolean, isLowerDark: boolean): string {
  if (isUpperDark) return isLowerDark ? '█' : '▀'
  return isLowerDark ? '▄' : ' '
}
