// Two officers destroy the keys of a month and let its records go, by the pages alone; each page with a form of it is looked at in
// both languages and at two widths.
//
// node pruning.mjs DOOR FOLDER PICTURES UNTIL STEP

import { launch, look, open, say } from './looks.mjs'
import { close, fill, home, link, pressOf, read, relays } from './officers.mjs'

const [door, folder, pictures, until, step] = process.argv.slice(2)
const all = await relays(door, folder, ['officer', 'bank'])
const [one, other] = all
const words = {
  en: {
    menu: 'Decisions by two', until: 'Those before this index (a multiple of 256)',
    destroy: 'Propose to destroy keys', prune: 'Propose to let records go that are past their retention',
    propose: 'Propose', approve: 'Approve', destroyed: 'Destroy the keys', pruned: 'Let these records go',
  },
  zh: {
    menu: '双人审批', until: '此序号之前的记录（256 的倍数）',
    destroy: '提议销毁密钥', prune: '提议不再保存已过保存期限的记录',
    propose: '提议', approve: '批准', destroyed: '销毁密钥', pruned: '不再保存这些记录',
  },
}

// The button of the form below a heading.
const pressBelow = async (page, heading, text) => {
  const button = await page.evaluateHandle((heading, text) => {
    const title = [...document.querySelectorAll('main h2')].find((one) => one.textContent.trim() === heading)
    const after = [...document.querySelectorAll('main form')].find((form) =>
      title.compareDocumentPosition(form) & Node.DOCUMENT_POSITION_FOLLOWING)
    return [...after.querySelectorAll('button')].find((one) => one.textContent.trim() === text)
  }, heading, text)
  await Promise.all([page.waitForNavigation(), button.asElement().click()])
}

async function decisions(page, server, language) {
  await page.goto(home(server, language))
  await link(page, words[language].menu)
}

// In one language proposed and done, in the other approved: whoever decides reads either.
async function byTwo(page, [first, second], name, propose, entry, doing) {
  await decisions(page, one, first)
  await look(page, `${name}-proposed`, first, pictures)
  await propose()
  await decisions(page, other, second)
  await look(page, `${name}-approved`, second, pictures)
  await pressOf(page, entry[second], words[second].approve)
  await decisions(page, one, first)
  await look(page, `${name}-done`, first, pictures)
  await pressOf(page, entry[first], words[first][doing])
  say({ step: name, said: await read(page) })
}

const browser = await launch()
try {
  const page = await open(browser)
  if (step === 'destroy') {
    const destroy = () => pressBelow(page, words.zh.destroy, words.zh.propose)
    const entry = { zh: '销毁密钥的月份', en: 'Month whose keys are destroyed' }
    await byTwo(page, ['zh', 'en'], 'destruction', destroy, entry, 'destroyed')
  } else {
    const prune = async () => {
      await fill(page, words.en.until, until)
      await pressBelow(page, words.en.prune, words.en.propose)
    }
    const entry = { zh: '不再保存此序号之前的记录', en: 'Records to let go: those before' }
    await byTwo(page, ['en', 'zh'], 'pruning', prune, entry, 'pruned')
  }
} finally {
  await browser.close()
  close(all)
}
