/** Settings of `share`, and of `receive` for files. They stand in the table of `settings.ts`. */

import type { Setting } from './setting.ts'
import { parseByteSize, parseCount, parseDurationSetting, parseFilled } from './values/plain-values.ts'

/** In the order of the help. */
export const SHARING_SETTINGS = {
  text: { commands: ['share'], value: 'words', help: 'share these words, too, or alone', parse: parseFilled },
  to: {
    commands: ['share'],
    value: 'url',
    help: "send the files to somebody's drop box, by its link, and end when they are there",
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
    help: 'how long the share, or the link for senders, lasts from now on, such as 2h',
    parse: parseDurationSetting,
  },
  stopAfterFirst: { commands: ['share'], help: 'end the share for everybody once one receiver has everything' },
  ask: { commands: ['share'], help: 'ask at this terminal before somebody may receive it' },
  password: {
    commands: ['share', 'receive'],
    isSecret: true,
    help: 'ask for a password at the terminal; the variable, or the file, has it for scripts',
    parse: (text) => text,
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
  title: { commands: ['receive'], value: 'words', help: 'what senders read at the link of --files', parse: parseFilled },
  maxSize: {
    commands: ['receive'],
    value: 'size',
    help: 'most that somebody may send at once to --files, such as 2GB',
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
