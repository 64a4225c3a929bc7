// Chromium drives the officers' pages through relays, each of which presents the certificate of one officer. First what an officer
// and a supervisor do all day, by links, labels and buttons alone, as somebody does who knows no address; then each page in both
// languages and at two widths.
//
// node console.mjs DOOR FOLDER PICTURES

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { once } from 'node:events'
import { found, launch, look, open, say } from './looks.mjs'

const [door, folder, pictures] = process.argv.slice(2)

async function relay(certificate) {
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

const home = (server, language) => `http://127.0.0.1:${server.address().port}/officers?lang=${language}`

// What somebody sees and uses of a page.
const handle = async (page, what, text, choose, argument) => {
  const found = await page.evaluateHandle(choose, text, argument)
  if (!found.asElement()) throw new Error(`no ${what} “${text}” on ${page.url()}: ${await page.$eval('main', (main) => main.innerText)}`)
  return found.asElement()
}
const go = (page, element) => Promise.all([page.waitForNavigation(), element.click()])
const link = async (page, text) => go(page, await handle(page, 'link', text, (text) =>
  [...document.querySelectorAll('a')].find((one) => one.textContent.trim() === text || (one.closest('main') && one.textContent.includes(text)))))
const field = (page, label, nr = 0) => handle(page, 'field', label, (label, nr) =>
  document.getElementById([...document.querySelectorAll('label')].filter((one) => one.textContent.trim() === label)[nr]?.htmlFor ?? ''), nr)
const fill = async (page, label, value) => (await field(page, label)).type(value)
const choose = async (page, label, title) => {
  const select = await field(page, label)
  const value = await select.$$eval('option', (all, title) => all.find((one) => one.textContent.includes(title))?.value, title)
  await select.select(value)
}
const press = async (page, text) => go(page, await handle(page, 'button', text, (text) =>
  [...document.querySelectorAll('main button')].find((one) => one.textContent.trim() === text)))
// The button of the entry in which something stands.
const pressOf = async (page, entry, text) => go(page, await handle(page, 'button', text, (text, entry) =>
  [...document.querySelectorAll('main .entry')].filter((one) => one.textContent.includes(entry))
    .flatMap((one) => [...one.querySelectorAll('button')]).find((one) => one.textContent.trim() === text), entry))
const read = (page) => page.$eval('main', (main) => main.innerText)

async function task(name, page, steps) {
  const begun = Date.now()
  await steps()
  say({ task: name, ms: Date.now() - begun, said: await read(page) })
}

const relays = await Promise.all(['officer', 'bank', 'supervisor', 'employer', 'notifier'].map(relay))
const [one, other, supervisor, reviewer, custodian] = relays
const browser = await launch()
try {
  const page = await open(browser)
  await page.goto(home(one, 'en'))
  await task('find', page, async () => {
    await link(page, 'Queries')
    await choose(page, 'Institution', '(housing)')
    await fill(page, 'Case (with an institution)', 'MADE-UP-1')
    await press(page, 'Search')
    await go(page, await page.$('main .entry a'))
  })
  await task('judge', page, async () => {
    await link(page, 'The case in which it is reviewed')
    await pressOf(page, 'suspicious', 'Open (recorded)')
    await choose(page, 'Verdict', 'suspicious')
    await fill(page, 'Reason (one line)', 'no case')
    await press(page, 'Judge')
  })
  await task('suspend-staff', page, async () => {
    await link(page, 'The record')
    await (await page.$('main summary')).click()
    await fill(page, 'Reason', 'drill')
    await press(page, 'Suspend now')
  })
  await task('suspend', page, async () => {
    await link(page, 'Institutions')
    await (await handle(page, 'part', 'department', (id) =>
      [...document.querySelectorAll('summary')].find((one) => one.textContent.trim() === `Suspend ${id}`))).click()
    await (await handle(page, 'field', 'department', (id) => document.getElementById(`r-${id}`))).type('drill')
    await pressOf(page, 'department', 'Suspend')
  })
  await task('alarm', page, async () => {
    await link(page, 'Alarms')
  })
  await task('propose', page, async () => {
    await link(page, 'Decisions by two')
    await go(page, await page.$('main button[aria-label="Propose Catalogue of rules"]'))
  })
  await page.goto(home(other, 'en'))
  await task('approve', page, async () => {
    await link(page, 'Decisions by two')
    await pressOf(page, 'nobody yet', 'Approve')
  })
  await page.goto(home(supervisor, 'en'))
  await task('coverage', page, async () => link(page, 'Coverage'))
  await task('report', page, async () => {
    await link(page, 'Reports')
    await go(page, await page.$('main .entry a'))
  })

  for (const language of ['zh', 'en']) {
    await page.goto(home(one, language))
    const paths = await page.$$eval('nav a:not([lang])', (all) => all.map((one) => one.href))
    for (const path of paths) {
      await page.goto(path)
      const name = new URL(path).pathname.split('/').pop()
      await look(page, `officers-${name}`, language, pictures)
      // One of what the page lists.
      if (['queries', 'objections', 'reviews', 'report'].includes(name)) {
        await go(page, await page.$('main .entry a'))
        await look(page, `officers-${name}-one`, language, pictures)
      }
    }
    // What the other roles see of it.
    for (const [name, server] of [['reviewer', reviewer], ['custodian', custodian]]) {
      await page.goto(home(server, language))
      for (const path of await page.$$eval('nav a:not([lang])', (all) => all.map((one) => one.href))) {
        await page.goto(path)
        await look(page, `${name}-${new URL(path).pathname.split('/').pop()}`, language, pictures)
      }
    }
    await page.goto(home(supervisor, language).replace('?', '/reviews?'))
    await look(page, 'supervisor-reviews', language, pictures)
    await page.goto(`${home(one, language).replace('?', '/queries?from=x&')}`)
    await look(page, 'officers-fault', language, pictures)
    // The other language shows the same search.
    await page.goto(`${home(one, language).replace('?', '/queries?institution=housing&')}`)
    await go(page, await page.$('nav a[lang]'))
    say({ switched: page.url(), chosen: await page.$eval('#institution', (one) => one.value) })
  }
  await page.evaluate(() => document.body.append(document.createElement('img')))
  say({ planted: (await found(page)).violations })
} finally {
  await browser.close()
  for (const server of relays) {
    server.close()
    server.closeAllConnections()
  }
}
