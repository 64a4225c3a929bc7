// Chromium drives the officers' pages through relays, each of which presents the certificate of one officer. First what an officer
// and a supervisor do all day, by links, labels and buttons alone, as somebody does who knows no address; then each page in both
// languages and at two widths.
//
// node console.mjs DOOR FOLDER PICTURES

import { found, launch, look, open, say } from './looks.mjs'
import { choose, close, field, fill, go, handle, home, link, press, pressOf, read, relays as relaysOf } from './officers.mjs'

const [door, folder, pictures] = process.argv.slice(2)

async function task(name, page, steps) {
  const begun = Date.now()
  await steps()
  say({ task: name, ms: Date.now() - begun, said: await read(page) })
}

const relays = await relaysOf(door, folder, ['officer', 'bank', 'supervisor', 'employer', 'notifier'])
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
    await go(page, await page.$('main tbody a'))
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
        await go(page, await page.$(name === 'queries' ? 'main tbody a' : 'main .entry a'))
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
  close(relays)
}
