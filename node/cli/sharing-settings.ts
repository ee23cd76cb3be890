/** Settings of `share`, and of `receive` for files. They stand in the table of `settings.ts`. */

import { resolve } from 'node:path'
import type { Setting } from './setting.ts'
import { parseByteSize, parseCount, parseDurationSetting, parseFilled, parseOfferRule } from './values/plain-values.ts'

/** In the order of the help. */
export const SHARING_SETTINGS = {
  text: { commands: ['share'], value: 'words', help: 'share these words, too, or alone', parse: parseFilled },
  to: {
    commands: ['share'],
    value: 'url',
    help: "send the files to somebody's drop box, by its link, and end when they are there",
    parse: parseFilled,
  },
  with: {
    commands: ['share'],
    value: 'alias',
    help: 'offer the files to a contact, who may be away, and end when they have them',
    parse: parseFilled,
  },
  from: { commands: ['share'], value: 'name', help: 'who sends, for the owner of the drop box of --to', parse: parseFilled },
  once: { commands: ['share'], help: 'one receiver may have it; the command ends when it has everything' },
  receivers: {
    commands: ['share'],
    value: 'number',
    defaultText: 'any number',
    help: 'how many may receive it; the command ends when they have everything',
    parse: parseCount,
  },
  untilMs: {
    commands: ['share', 'receive'],
    value: 'time',
    help: 'how long the share lasts from now on, such as 2h',
    helpFor: { receive: 'how long the link for senders, of --files, lasts from now on, such as 2h' },
    parse: parseDurationSetting,
  },
  stopAfterFirst: { commands: ['share'], help: 'end the share for everybody once one receiver has everything' },
  ask: { commands: ['share'], help: 'ask at this terminal before somebody may receive it' },
  password: {
    commands: ['share', 'receive'],
    isSecret: true,
    help: 'ask for a password at the terminal, without which nobody gets the share; the variable, or the file, has it for scripts',
    helpFor: { receive: 'ask for the password of the share at the terminal; the variable, or the file, has it for scripts' },
    parse: (text) => text,
  },
  keep: {
    commands: ['share'],
    value: 'dir',
    help: 'keep the share in this directory: the same command, started again, goes on with the same link',
    parse: (text) => resolve(parseFilled(text)),
  },
  noCode: { commands: ['share'], help: 'print the link only, without a code of two words and a number' },
  noQr: { commands: ['share'], help: 'print no QR code of the link on a terminal' },
  list: { commands: ['receive'], help: 'print what is in a share, and take nothing' },
  only: {
    commands: ['receive'],
    value: 'pattern',
    repeatable: true,
    separator: /\s*[,\n]\s*/, // names have spaces
    help: "receive only files of this path, folder or pattern, such as '*.jpg'; repeatable",
    parse: parseFilled,
  },
  yes: { commands: ['receive'], help: 'save without asking; needed where there is no terminal' },
  files: {
    commands: ['receive'],
    value: 'dir',
    help: 'take files that others send by a link, each time into a folder of its own in this one',
    parse: parseFilled,
  },
  offers: {
    commands: ['receive'],
    value: 'dir',
    help: 'take files that contacts offer, each time into a folder of its own in this one',
    parse: parseFilled,
  },
  take: {
    commands: ['contacts'],
    value: 'ask|always|size',
    help: 'what to take of the contact without a question: nothing, everything, or up to a size, such as 50MB',
    parse: parseOfferRule,
  },
  withdraw: { commands: ['contacts'], help: 'take back what was offered to the contact and waits' },
  remove: { commands: ['contacts'], help: 'end the contact' },
  title: { commands: ['receive'], value: 'words', help: 'what senders read at the link of --files', parse: parseFilled },
  maxSize: {
    commands: ['receive'],
    value: 'size',
    help: 'most that somebody may send at once to --files, or offer to --offers, such as 2GB',
    parse: parseByteSize,
  },
  maxFileSize: { commands: ['receive'], value: 'size', help: 'largest file that somebody may send to --files', parse: parseByteSize },
  maxFiles: { commands: ['receive'], value: 'number', help: 'how many files somebody may send at once to --files', parse: parseCount },
  accept: {
    commands: ['receive'],
    value: 'type',
    repeatable: true,
    help: 'media type or ending that --files takes, such as image/* or .pdf; repeatable',
    parse: parseFilled,
  },
  overwrite: { commands: ['receive'], help: "replace files that are there, instead of naming a new one 'name (2)'" },
} satisfies Readonly<Record<string, Setting>>
