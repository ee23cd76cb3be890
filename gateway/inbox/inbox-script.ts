/**
 * The script of the inbox's page: it inserts new messages, writes times in the reader's time zone, and sends a form only once. The function
 * is sent to the browser as text, so it uses nothing from outside.
 */

export const INBOX_SCRIPT = `(${runInboxPage.toString()})()\n`

function runInboxPage(): void {
  /** Articles that the page keeps while it is open. */
  const maxArticles = 200
  /** Messages that arrive within this time are inserted together, in ms. */
  const batchMs = 50
  /** How soon to reconnect where the browser does not, in ms. */
  const retryMs = 2_000
  const list = document.getElementById('messages')
  const status = document.getElementById('live')
  const news = document.getElementById('news')
  const title = document.title
  let waiting: { sequence: number; end: string; html: string }[] = []
  let unseen = 0

  function writeTimes(root: ParentNode): void {
    for (const time of root.querySelectorAll('time')) {
      const at = new Date(time.dateTime)
      const isToday = at.toDateString() === new Date().toDateString()
      time.textContent = isToday
        ? at.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })
        : at.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
      const sent = new Date(time.title.replace('sent ', ''))
      if (!Number.isNaN(sent.getTime())) time.title = `sent ${sent.toLocaleString()}, arrived ${at.toLocaleString()}`
    }
  }

  function countOne(end: string): void {
    for (const count of document.querySelectorAll<HTMLElement>('[data-count-of]')) {
      if (count.dataset.countOf === end || count.dataset.countOf === '') count.textContent = String(Number(count.textContent) + 1)
    }
  }

  function insertWaiting(): void {
    const arrived = waiting
    waiting = []
    for (const { sequence, end, html } of arrived) {
      if (document.getElementById(`m${sequence}`) !== null) continue
      list?.insertAdjacentHTML('afterbegin', html) // made by this page's own server, which escapes what strangers wrote
      const article = list?.firstElementChild
      article?.classList.add('arrived')
      if (article) writeTimes(article)
      countOne(end)
      if (document.hidden) unseen++
    }
    while (list !== null && list.childElementCount > maxArticles) list.lastElementChild?.remove()
    document.querySelector('.empty')?.setAttribute('hidden', '')
    if (news !== null) news.textContent = arrived.length === 1 ? 'One new message' : `${arrived.length} new messages`
    if (unseen > 0) document.title = `(${unseen}) ${title}`
  }

  function follow(query: URLSearchParams): void {
    const source = new EventSource(`/inbox/live?${query}`)
    const showState = (state: string, text: string) => {
      if (status === null || status.dataset.state === state) return
      status.dataset.state = state
      status.textContent = text
    }
    source.onopen = () => showState('open', 'Live')
    source.onerror = () => {
      showState('lost', 'Not connected, trying again')
      // A browser does not reconnect by itself after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, retryMs, query)
    }
    source.onmessage = ({ data }) => {
      if (waiting.length === 0) setTimeout(insertWaiting, batchMs)
      const message = JSON.parse(data)
      query.set('after', String(message.sequence))
      waiting.push(message)
      if (waiting.length > maxArticles) waiting.shift()
    }
  }

  writeTimes(document)
  if (list?.dataset.live !== undefined) follow(new URLSearchParams(list.dataset.live))
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return
    unseen = 0
    document.title = title
  })
  document.addEventListener('submit', ({ target }) => {
    // After the form is sent: a disabled button would be left out of its fields.
    if (target instanceof HTMLFormElement && target.method === 'post')
      setTimeout(() => {
        for (const button of target.querySelectorAll('button')) button.disabled = true
      })
  })
  window.addEventListener('pageshow', () => {
    for (const button of document.querySelectorAll('button')) button.disabled = false
  })
}
