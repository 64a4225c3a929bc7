// Officers in Chromium: relays, each of which presents the certificate of one officer, and what somebody sees and uses of a page.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { once } from 'node:events'

async function relay(door, folder, certificate) {
  const tls = {
    ca: readFileSync(`${folder}/ca.pem`),
    cert: readFileSync(`${folder}/institutions/${certificate}.pem`),
    key: readFileSync(`${folder}/institutions/${certificate}.key`),
  }
  const server = createServer((from, to) => {
    // The page is behind plain HTTP here: the browser names that as the origin of a form.
    const headers = { ...from.headers }
    if (headers.origin) headers.origin = headers.origin.replace('http:', 'https:')
    const asked = request(`${door}${from.url}`, { ...tls, method: from.method, headers }, (answer) => {
      to.writeHead(answer.statusCode, answer.headers)
      answer.pipe(to)
    })
    asked.on('error', () => to.destroy())
    from.pipe(asked)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export const home = (server, language) => `http://127.0.0.1:${server.address().port}/officers?lang=${language}`

// What somebody sees and uses of a page.
export const handle = async (page, what, text, choose, argument) => {
  const found = await page.evaluateHandle(choose, text, argument)
  if (!found.asElement()) throw new Error(`no ${what} “${text}” on ${page.url()}: ${await page.$eval('main', (main) => main.innerText)}`)
  return found.asElement()
}
export const go = (page, element) => Promise.all([page.waitForNavigation(), element.click()])
export const link = async (page, text) => go(page, await handle(page, 'link', text, (text) =>
  [...document.querySelectorAll('a')].find((one) => one.textContent.trim() === text || (one.closest('main') && one.textContent.includes(text)))))
export const field = (page, label, nr = 0) => handle(page, 'field', label, (label, nr) =>
  document.getElementById([...document.querySelectorAll('label')].filter((one) => one.textContent.trim() === label)[nr]?.htmlFor ?? ''), nr)
export const fill = async (page, label, value) => (await field(page, label)).type(value)
export const choose = async (page, label, title) => {
  const select = await field(page, label)
  const value = await select.$$eval('option', (all, title) => all.find((one) => one.textContent.includes(title))?.value, title)
  await select.select(value)
}
export const press = async (page, text) => go(page, await handle(page, 'button', text, (text) =>
  [...document.querySelectorAll('main button')].find((one) => one.textContent.trim() === text)))
// The button of the entry in which something stands.
export const pressOf = async (page, entry, text) => go(page, await handle(page, 'button', text, (text, entry) =>
  [...document.querySelectorAll('main .entry')].filter((one) => one.textContent.includes(entry))
    .flatMap((one) => [...one.querySelectorAll('button')]).find((one) => one.textContent.trim() === text), entry))
export const read = (page) => page.$eval('main', (main) => main.innerText)

// One relay for each certificate.
export const relays = (door, folder, certificates) =>
  Promise.all(certificates.map((certificate) => relay(door, folder, certificate)))

export function close(all) {
  for (const server of all) {
    server.close()
    server.closeAllConnections()
  }
}
