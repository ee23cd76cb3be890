import { expect, test } from 'vitest'
import { lineHtml, textHtml } from '../../../gateway/inbox/safe-text.ts'

test.each([
  ['a < b & "c"', 'a &lt; b &amp; &quot;c&quot;'],
  ['one\r\ntwo\tthree', 'one\ntwo\tthree'],
  ['bell \u0007, NUL \u0000, return \r', 'bell ⟨U+0007⟩, NUL ⟨U+0000⟩, return ⟨U+000D⟩'],
  ['\u202egpj.exe\u2066', '⟨U+202E⟩gpj.exe⟨U+2066⟩'],
  ['a\u200bb\u2028c\ufeff', 'a⟨U+200B⟩b⟨U+2028⟩c⟨U+FEFF⟩'],
  ['\u{e0041}', '⟨U+E0041⟩'],
  ['👩‍💻 नमस्ते مرحبا', '👩‍💻 नमस्ते مرحبا'],
  [`Z${'\u0301'.repeat(60)}!`, `Z${'\u0301'.repeat(8)}!`],
  ['half \ud800', 'half \ufffd'],
  ['javascript:alert(1) data:text/html,x', 'javascript:alert(1) data:text/html,x'],
  [
    'see https://a.example/?b=1&c="d" now',
    'see <a href="https://a.example/?b=1&amp;c=" rel="noopener noreferrer nofollow" target="_blank">https://a.example/?b=1&amp;c=</a>&quot;d&quot; now',
  ],
  ['(http://a.example/b).', '(<a href="http://a.example/b" rel="noopener noreferrer nofollow" target="_blank">http://a.example/b</a>).'],
  [
    'https://a.example/\u202egpj',
    '<a href="https://a.example/" rel="noopener noreferrer nofollow" target="_blank">https://a.example/</a>⟨U+202E⟩gpj',
  ],
])('textHtml: %j', (text, html) => {
  expect(textHtml(text)).toBe(html)
})

test('lineHtml: one line, and no way out of a quoted attribute', () => {
  expect(lineHtml('a\nb\t"\'<c>')).toBe('a b &quot;&#39;&lt;c&gt;')
})
