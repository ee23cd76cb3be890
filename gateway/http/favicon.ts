/** `/favicon.ico`: browsers ask for it beside every page that names no icon, such as held bytes and errors. */

/** `browser/mark.svg`, drawn at 32 × 32 points. */
const ICON = Buffer.from(
  [
    'AAABAAEAICAAAAEAIADXAQAAFgAAAIlQTkcNChoKAAAADUlIRFIAAAAgAAAAIAgGAAAAc3p69AAAAZ5JREFUeNrtVsGNxCAMTAvbAs/70gIt0AItpAV+987jGqAFWkgLtJ',
    'AWsnAy0sgyuyG7SW6li2SJOLE9HmzDMPw/f+n5+vm+ZXFZfBZT3t/k05BP1/SZP+gsS5YVpLxPe4BQ4KnhU0sGkT6OWSwhjmBkO4JbCBzJlyXfRR9bABL9iOJIX5y5DcEd',
    '/Ztozf2lFoBKl2RkgQ23IXhs+HB1WyVjRcZzwxhBGLBRtDZPglvyvVabvRkkEg2FpUG/m8GtezgCUytbj6/WEIJYoA1b2aBIrE3gx/X2sYZACVrJAksoyJaHrKPY9x1AkM',
    'KSSSCqEwRPpAvQ/6k76w1AJOqlrXBHnA9BGKuSVJbcy2cJjM7qOJJzz8AspAsw0qt+3Bt8elCAs5D5/KAQpz0dwFsLt2EBgCtrt8CA1LrRPQBwrAaWcaQRbEBnSBcZI4GP',
    '7x4QnrWZxxnOAbAzxbM29UfcnkQAZ17frgVAIH5PwCsvsJWB2xUA/KFF9iS4gllQZ4A6E8BMY9qTlPV8JvUR1h5u1f6s7JUAQJ3GAjsz9PDJzx386f2DTCHU6gAAAABJRU',
    '5ErkJggg==',
  ].join(''),
  'base64',
)

export function answerFavicon(): Response {
  return new Response(new Uint8Array(ICON), {
    headers: {
      'content-type': 'image/x-icon',
      'content-length': String(ICON.byteLength),
      'cache-control': 'public, max-age=86400',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
    },
  })
}
