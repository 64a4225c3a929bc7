// Chromium looks at the officers' pages through a relay that presents the officer's certificate: each page in both
// languages and at two widths, without scripts; axe looks for what bars people. Prints one line of JSON a page.
//
// node console.mjs DOOR FOLDER QUERY PICTURES

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { once } from 'node:events'
import puppeteer from 'puppeteer-core'

const [door, folder, query, pictures] = process.argv.slice(2)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tls = {
  ca: readFileSync(`${folder}/ca.pem`),
  cert: readFileSync(`${folder}/institutions/officer.pem`),
  key: readFileSync(`${folder}/institutions/officer.key`),
}
const relay = createServer((from, to) => {
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
relay.listen(0, '127.0.0.1')
await once(relay, 'listening')
const here = `http://127.0.0.1:${relay.address().port}`

const browser = await puppeteer.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox'] })
const say = (line) => console.log(JSON.stringify(line))

async function found(page) {
  await page.setJavaScriptEnabled(true)
  await page.evaluate(axe)
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document))
  await page.setJavaScriptEnabled(false)
  return { violations: violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`)), passes: passes.length }
}

async function look(page, name, language) {
  for (const width of [320, 1280]) {
    await page.setViewport({ width, height: 640 })
    const seen = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      lang: document.documentElement.lang,
      scripts: document.scripts.length,
      heading: document.querySelector('h1').textContent,
    }))
    await page.screenshot({ path: `${pictures}/officers-${name}.${language}.${width}.png`, fullPage: true })
    say({ page: name, language, width, ...seen, ...await found(page) })
  }
}

try {
  for (const language of ['zh', 'en']) {
    const page = await browser.newPage()
    page.on('console', (message) => say({ console: message.text() }))
    await page.setJavaScriptEnabled(false)
    await page.goto(`${here}/officers?lang=${language}`)
    await look(page, 'overview', language)
    // As an officer would go: to the list, restricted by an institution, to one record.
    await Promise.all([page.waitForNavigation(), page.click('nav li:nth-child(2) a')])
    await page.type('#institution', 'housing')
    await Promise.all([page.waitForNavigation(), page.click('form button')])
    await look(page, 'queries', language)
    await page.goto(`${here}/officers/queries/${query}?lang=${language}`)
    await look(page, 'query', language)
    await page.goto(`${here}/officers/institutions?lang=${language}`)
    await look(page, 'institutions', language)
    // By its form: the employer is suspended, and resumed.
    await page.type('#r-employer', 'drill')
    await Promise.all([page.waitForNavigation(), page.click('form:has(#r-employer) button[value="true"]')])
    say({ suspended: (await page.$$eval('.entry', (all) => all.map((one) => one.textContent))).filter((one) => one.includes('employer')) })
    await page.type('#r-employer', 'drill')
    await Promise.all([page.waitForNavigation(), page.click('form:has(#r-employer) button[value="false"]')])
    await page.goto(`${here}/officers/proposals?lang=${language}`)
    await page.type('#unseal-entry', '1')
    await page.type('#unseal-reason', 'drill')
    await Promise.all([page.waitForNavigation(), page.click('form:has(#unseal-entry) button')])
    await look(page, 'proposals', language)
    await page.goto(`${here}/officers/reviews?lang=${language}`)
    await look(page, 'reviews', language)
    await page.goto(`${here}/officers/queries?from=x&lang=${language}`)
    await look(page, 'fault', language)
    await page.close()
  }
} finally {
  await browser.close()
  relay.close()
  relay.closeAllConnections()
}
