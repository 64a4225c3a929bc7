//! `store check` and `store import`, as an operator runs them.

use std::fs;

use credit_tests::{Ended, Folder, Gateway, command_reading, gateway};
use rusqlite::Connection;

use super::{BLACK, ask};
use crate::faults::within;

/// Nobody: the division is not in use.
const SOMEBODY: &str = "99010119900307004X";

fn store(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[&["store"], arguments, &["--config", config.to_str().unwrap()]].concat())
}

fn file(folder: &Folder, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn check_names_what_does_not_fit_and_no_value() {
    let folder = Folder::new();
    let late = folder.person("late", 0);
    assert!(store(&folder, &["check"]).held().contains("nothing was found"));
    let path = folder.join("data/store.sqlite");
    let change = |sql: &str| {
        let store = Connection::open(&path).unwrap();
        store.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {sql}")).unwrap();
    };
    change(&format!(
        "UPDATE record SET class = 'taxes', act = '2025/03/01' WHERE number = '{late}';
         UPDATE attribute SET field = 'credit_amuont' WHERE number = '{late}' AND field = 'credit_amount';
         UPDATE listing SET list = 'black-list', number = lower(number) WHERE number LIKE '%X' AND list = 'black'"
    ));
    let said = store(&folder, &["check"]).failed(1);
    for place in ["`record.class`: ", "`record.act`: ", "`attribute.field`: 1 with", "row "] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert!(!said.contains(&late) && !said.contains("taxes"), "{said}");
    assert!(store(&folder, &["check", "--sample", "0"]).code == Some(0), "of no row nothing is said");

    change("CREATE TABLE other AS SELECT * FROM listing; DROP TABLE listing; ALTER TABLE other RENAME TO listing;");
    let said = store(&folder, &["check"]).failed(1);
    assert!(said.contains("`listing` has no index"), "{said}");
    change("ALTER TABLE listing RENAME COLUMN until TO till");
    let said = store(&folder, &["check"]).failed(1);
    assert!(said.contains("until"), "{said}");
    change("DROP TABLE attribute");
    assert!(gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64).contains("store.sqlite"));
    let none = file(&folder, "none.sqlite", "no store");
    assert!(store(&folder, &["check", &none]).failed(64).contains("no SQLite file"));
    assert!(store(&folder, &["check", "/nowhere"]).failed(64).contains("/nowhere"));
}

#[test]
fn an_import_is_all_or_nothing_and_says_where_it_fails() {
    let folder = Folder::new();
    let files = fs::read_dir(folder.join("data")).unwrap().count();
    let before = fs::read(folder.join("data/store.sqlite")).unwrap();
    let good = file(&folder, "good.csv", format!("number,list,since\n{SOMEBODY},black,2026-01-01\n"));
    for (text, places) in [
        (
            format!("number,list,since\n{SOMEBODY},Black,2026-01-01\n{SOMEBODY},black,2026-02-30\n"),
            vec![":2: column `list`", ":3: column `since`"],
        ),
        (format!("number,list,since\n{}0,red,2026-01-01\n", &SOMEBODY[..17]), vec![":2: column `number`"]),
        (
            format!("number,list,nr,since\n{SOMEBODY},red,1,2026-01-01\n{SOMEBODY},red,1,2026-01-02\n"),
            vec![":3: a row with the same"],
        ),
        (format!("number,list,since\n{SOMEBODY},red\n"), vec![":2: 2 cells"]),
        (format!("number,field,value\n{SOMEBODY},credit_amount,good\n"), vec![":2: column `value`"]),
        (
            format!("number,class,severity,act,determined\n{SOMEBODY},tax,严重,2026-01-01,2025-01-01\n"),
            vec![":2: column `severity`", ":2: column `determined`"],
        ),
    ] {
        let bad = file(&folder, "bad.csv", &text);
        let said = store(&folder, &["import", &good, &bad]).failed(1);
        for place in places {
            assert!(said.contains(&format!("{bad}{place}")), "{place}: {said}");
        }
        assert!(!said.contains(SOMEBODY), "{said}");
    }
    let gb18030 = file(&folder, "gb.csv", b"number,list,since\n\xba\xda,black,2026-01-01\n");
    assert!(store(&folder, &["import", &gb18030]).failed(1).contains("GB18030"));
    for (text, word) in [
        ("", "empty"),
        ("a,b\n1,2\n", "names no table"),
        ("number,list,sinse\n", "`sinse`"),
        ("number,list\n", "`since`"),
    ] {
        let none = file(&folder, "none.csv", text);
        assert!(store(&folder, &["import", &none]).failed(64).contains(word), "{text}");
    }
    let empty = file(&folder, "empty.csv", "number,class,severity,act,determined\n");
    for files in [&[&*good, &empty][..], &[&empty]] {
        let said = store(&folder, &[&["import"], files].concat()).failed(1);
        assert!(said.contains("empty.csv") && said.contains("has no row to import"), "{said}");
    }
    drop(store(&folder, &["import", &good, &empty, "--allow-empty", "--dry-run"]).held());
    drop(store(&folder, &["import", &good, "--dry-run"]).held());
    assert_eq!(fs::read(folder.join("data/store.sqlite")).unwrap(), before);
    assert_eq!(fs::read_dir(folder.join("data")).unwrap().count(), files, "nothing is left behind");
}

#[test]
fn what_is_no_text_in_utf_8_is_named_for_what_it_is() {
    let folder = Folder::new();
    for (name, bytes, what) in [
        ("own.xlsx", &b"PK\x03\x04 and more"[..], "--map"),
        ("own.csv", b"\xff\xfen\x00u\x00", "UTF-16"),
        ("big.csv", b"\xfe\xff\x00n\x00u", "UTF-16"),
    ] {
        let path = file(&folder, name, bytes);
        let said = store(&folder, &["import", &path]).failed(64);
        assert!(said.contains(what) && !said.contains("GB18030"), "{name}: {said}");
    }
    for empty in ["", "n"] {
        let path = file(&folder, "listing.csv", empty);
        drop(store(&folder, &["import", &path]).failed(64));
    }
}

#[test]
fn what_is_imported_is_answered_from() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    // A mark, tabs, a small x, columns in another order, and counters and flags left out.
    let listings = format!(
        "\u{feff}list\tsince\tuntil\tnumber\r\nblack\t2026-01-01\t\t{0}\r\nred\t2020-01-01\t2020-02-01\t{0}\r\n",
        SOMEBODY.to_lowercase()
    );
    let records = format!(
        "number,class,severity,act,determined,repaired\n{SOMEBODY},tax,serious,2026-01-01,2026-01-02,\n{SOMEBODY},tax,minor,2026-01-01,2026-01-02,\\N\n"
    );
    let attributes =
        format!("number,field,value\n{SOMEBODY},credit_amount,1169\n{SOMEBODY},creditability,\"\"\"good\"\"\"\n");
    let files =
        [("l.txt", listings), ("r.csv", records), ("a.csv", attributes)].map(|(name, text)| file(folder, name, text));
    let said = store(folder, &["import", &files[0], &files[1], &files[2]]).held();
    assert!(said.contains("rows imported: 6"), "{said}");
    assert!(
        within(std::time::Duration::from_secs(10), || ask(folder, SOMEBODY) == BLACK),
        "{:?}",
        ask(folder, SOMEBODY)
    );
    assert!(store(folder, &["check"]).held().contains("record 2, listing 2, attribute 2"));
}

/// The `nr`-th of many citizen numbers that nobody has.
fn number(nr: usize) -> String {
    let body = format!("990101199{:01}{:02}{:02}{:03}", nr % 10, nr / 10 % 12 + 1, nr / 120 % 28 + 1, nr / 3_360);
    // GB 11643, ISO 7064 MOD 11-2.
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum as usize % 11]))
}

#[test]
fn more_persons_whose_rows_do_not_fit_than_there_may_be_are_found_by_check_as_by_serve() {
    let folder = Folder::new();
    let mut store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    let fill = store.transaction().unwrap();
    for nr in 0..10_001 {
        fill.execute("INSERT INTO listing VALUES (?1, 'Black', 1, '2026-01-01', NULL, 0)", [number(nr)]).unwrap();
    }
    fill.commit().unwrap();
    let config = folder.config();
    for command in ["check", "serve"] {
        let said = gateway(&[command, "--config", config.to_str().unwrap()]).failed(64);
        assert!(said.contains("more than 10000 persons"), "{command}: {said}");
    }
    store.execute("DELETE FROM listing WHERE number = ?1", [number(0)]).unwrap();
    drop(gateway(&["check", "--config", config.to_str().unwrap()]).held());
}

#[test]
fn faults_are_told_in_chinese_too() {
    let folder = Folder::new();
    let in_chinese = |arguments: &[&str]| {
        let mut command = std::process::Command::new(credit_tests::binaries::credit_gateway());
        command.arg("store").args(arguments).arg("--config").arg(folder.config()).env("LC_ALL", "zh_CN.UTF-8");
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let is_chinese = |line: &str| line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for (text, words) in [
        (
            format!("number,list,since\n{SOMEBODY},Black,2026-02-30\n"),
            &["列 `list`", "未知名单", "非 1900 年以来的日期"][..],
        ),
        (format!("number,list,since\n{SOMEBODY},red\n"), &["有 2 个单元格"]),
        (
            format!("number,list,nr,since\n{SOMEBODY},red,1,2026-01-01\n{SOMEBODY},red,1,2026-01-02\n"),
            &["前面已有", "相同的行"],
        ),
        (format!("number,field,value\n{SOMEBODY},credit_amuont,\"\n"), &["引号未闭合"]),
        (String::new(), &["文件为空"]),
        ("a,b\n1,2\n".to_owned(), &["首行未指明是哪张表"]),
        ("number,list,sinse\n".to_owned(), &["没有列 `sinse`"]),
        ("number,list\n".to_owned(), &["缺少列 `since`"]),
        ("number,list,since,since\n".to_owned(), &["出现两次"]),
    ] {
        let bad = file(&folder, "bad.csv", &text);
        let said = in_chinese(&["import", &bad]);
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(said.lines().all(is_chinese) && !said.contains(SOMEBODY), "{said}");
    }
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute_batch("PRAGMA ignore_check_constraints = ON; UPDATE record SET class = 'taxes'").unwrap();
    let said = in_chinese(&["check"]);
    assert!(said.contains("`record.class`：") && said.contains("数据清单中没有其记录的类别：第 "), "{said}");
    store.execute_batch("CREATE TABLE other AS SELECT * FROM listing; DROP TABLE listing").unwrap();
    assert!(in_chinese(&["check"]).contains("表结构与网关所读的不同"));
    let none = file(&folder, "none.sqlite", "no store");
    assert!(in_chinese(&["check", &none]).contains("不是 SQLite 文件"));
    assert!(in_chinese(&["check", "/nowhere"]).contains("无法读取"));
}

#[test]
fn the_constraints_refuse_30_february_in_an_older_sqlite_too() {
    // Python's is the one of the system: operators write with what their machine has.
    const WRITE: &str = "
import sqlite3, sys
store = sqlite3.connect(sys.stdin.read())
dates = [('record', name) for name in 'act determined sentence_end effect_end repaired repair_revoked'.split()]
for table, column in dates + [('listing', 'since'), ('listing', 'until')]:
    for wrong in ('2027-02-30', '2027-04-31', '2027'):
        try:
            store.execute(f'UPDATE {table} SET {column} = ?', (wrong,))
            print(table, column, wrong)
        except sqlite3.IntegrityError:
            pass
print(store.execute('UPDATE record SET effect_end = ?', ('2028-02-29',)).rowcount > 1)";
    let folder = Folder::new();
    let store = folder.join("data/store.sqlite");
    let said = command_reading("python3", &["-c", WRITE], store.to_str().unwrap()).held();
    assert_eq!(said, "True\n");
}

#[test]
fn an_import_goes_into_no_database_of_another_kind_or_layout() {
    let folder = Folder::new();
    let good = file(&folder, "good.csv", format!("number,list,since\n{SOMEBODY},black,2026-01-01\n"));
    let before = fs::read_to_string(folder.config()).unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let there = files();
    folder.edit_config(|config| {
        format!("{config}\n[[store]]\nname = \"office\"\nkind = \"http\"\nurl = \"http://127.0.0.1:9\"\nclasses = [\"tax\"]\n")
    });
    let said = store(&folder, &["import", &good, "--to", "office"]).failed(64);
    assert!(said.contains("the store `office` is no SQLite file") && said.contains("name a file"), "{said}");
    fs::write(folder.config(), before).unwrap();
    folder.edit_config(|config| {
        let own = "kind = \"sqlite\"";
        assert!(config.contains(own));
        config.replacen(own, "kind = \"sqlite\"\nmap = \"cn-sgs-2018\"", 1)
    });
    for to in [&[][..], &["--to", "own"]] {
        let said = store(&folder, &[&["import", &*good], to].concat()).failed(64);
        assert!(said.contains("the layout of the map") && said.contains("name another file"), "{said}");
    }
    assert_eq!(files(), there, "nothing was made");
    assert!(!std::path::Path::new("office").exists());
}
