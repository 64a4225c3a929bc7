//! Rooms: which part of a crate may import which. Arrows go down only.

use std::collections::BTreeSet;

use crate::{modules::Crate, sources::Sources};

/// One folder or file at the top of a crate (or of a module), and what it knows.
struct Room {
    name: &'static str,
    /// Above what stands below it, and why it is a room of its own.
    why: &'static str,
    /// The only rooms that may import it; without any, every room above may.
    only_for: &'static [&'static str],
}

const fn room(name: &'static str, why: &'static str) -> Room {
    Room { name, why, only_for: &[] }
}

/// A house: floors from top to bottom. Rooms of one floor stand side by side and do not import each other.
struct House {
    root: &'static str,
    folder: &'static str,
    floors: &'static [&'static [Room]],
    /// Arrows that are allowed all the same: from, to, why. One that no file needs must leave the list.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

const GATEWAY: House = House {
    root: "gateway/src/lib.rs",
    folder: "gateway/src/",
    floors: &[
        &[room("for_tests", "what tests of the whole may name; nothing imports it")],
        &[room("commands", "the command line: it starts everything else")],
        &[room("demo", "makes a folder and asks its own gateway; nothing in it serves a query")],
        &[room("process", "the life of the process: opens, serves, keeps up, drains")],
        &[room("doors", "who is served: routes and wire forms, one folder an audience")],
        &[room("changes", "acts that are recorded and are no query")],
        &[
            room("journey", "the query, without HTTP"),
            Room {
                name: "transport",
                why: "bytes and connections: it knows of callers only which certificates are trusted, and no query",
                only_for: &["doors", "process", "for_tests"],
            },
        ],
        &[room("gateway", "the handles that a query and a change work with")],
        &[
            room("recorder", "records what is no query, and puts it in force"),
            room("rules", "the catalogue in force, and what was opened for it"),
        ],
        &[
            room("index", "the log in a form that can be searched"),
            room("cluster", "what several gateways count and know together"),
            room("objects", "the published log in an object store as well"),
            room("copies", "the write-ahead log at another machine as well"),
        ],
        &[
            room("callers", "who calls: register, certificates, rates"),
            room("state", "what was spent"),
            room("stores", "where the data is"),
            room("keyring", "the keys in force"),
        ],
        &[room("telemetry", "figures, lines and traces about all above")],
        &[room("settings", "the configuration file"), room("terminal", "words at a terminal")],
    ],
    exceptions: &[],
};

const LOG: House = House {
    root: "audit/src/lib.rs",
    folder: "audit/src/log/",
    floors: &[
        &[room("open", "recovers what is on disk and starts the log")],
        &[room("handle", "the log as its users have it")],
        &[room("let_go", "removes what two officers let go")],
        &[room("read", "answers about what was published"), room("release", "removes what stands twice on the disk")],
        &[room("threads", "the threads and what they share")],
        &[room("publish", "tiles, signatures and what must not roll back")],
        &[
            room("wal", "the truth: segments, frames, reserved room"),
            room("tree", "the Merkle tree in memory"),
            room("submit", "what waits, and who waits for it"),
        ],
        &[room("metrics", "figures of the log")],
        &[room("recordability", "whether the log takes leaves now")],
        &[room("settings", "limits and paths of a log")],
        &[room("error", "what can go wrong, for callers")],
        &[room("disk", "bytes, files and their failures; it knows no leaf")],
    ],
    exceptions: &[],
};

const HOUSES: &[&House] = &[&GATEWAY, &LOG];

impl House {
    /// The room of a file: the first folder or file name below the house's folder.
    fn room<'f>(&self, file: &'f str) -> Option<&'f str> {
        let name = file.strip_prefix(self.folder)?.split('/').next()?;
        let name = name.strip_suffix(".rs").unwrap_or(name);
        (!matches!(name, "lib" | "main" | "mod")).then_some(name)
    }

    fn find(&self, name: &str) -> Option<(usize, &Room)> {
        let mut rooms =
            self.floors.iter().enumerate().flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, room)));
        rooms.find(|(_, room)| room.name == name)
    }

    fn faults(&self, sources: &Sources) -> Vec<String> {
        let mut faults = Vec::new();
        let mut met = BTreeSet::new();
        let mut needed = BTreeSet::new();
        let read = Crate::read(sources, self.root);
        for module in read.modules.iter().filter(|module| !module.test) {
            let file = module.file.as_str();
            let Some(name) = self.room(file) else { continue };
            if met.insert(name) && self.find(name).is_none() {
                faults.push(format!("{file}: `{name}` is no room; give it a place in the table of rooms"));
            }
        }
        for ((from, to), line) in read.imports() {
            let (Some(above), Some(below)) = (self.room(&from.file), self.room(&to.file)) else { continue };
            if from.test || above == below {
                continue;
            }
            if self.exceptions.iter().any(|(from, to, _)| (*from, *to) == (above, below)) {
                needed.insert((above.to_owned(), below.to_owned()));
            } else if !self.allows(above, below) {
                faults.push(format!("{}:{line}: `{above}` must not import `{below}` ({})", from.file, to.file));
            }
        }
        for (from, to, _) in self.exceptions {
            if !needed.contains(&((*from).to_owned(), (*to).to_owned())) {
                faults.push(format!("no file needs the exception `{from}` → `{to}`: take it out of the list"));
            }
        }
        let rooms = self.floors.iter().flat_map(|rooms| rooms.iter());
        let empty = rooms.filter(|room| !met.contains(room.name));
        faults.extend(empty.map(|room| format!("`{}` is in the table of rooms and has no file", room.name)));
        faults
    }

    fn allows(&self, above: &str, below: &str) -> bool {
        match (self.find(above), self.find(below)) {
            (Some((from, _)), Some((to, room))) => {
                from < to && (room.only_for.is_empty() || room.only_for.contains(&above))
            }
            // No room: reported for itself.
            _ => true,
        }
    }
}

#[test]
fn arrows_between_rooms_go_down_only() {
    let sources = Sources::of_the_workspace();
    let faults: Vec<_> = HOUSES.iter().flat_map(|house| house.faults(&sources)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_room_and_each_exception_has_its_reason() {
    for house in HOUSES {
        assert!(house.floors.iter().flat_map(|rooms| rooms.iter()).all(|room| room.why.len() > 10));
        assert!(house.exceptions.iter().all(|(_, _, why)| why.len() > 20));
    }
}

#[cfg(test)]
fn faults(
    exceptions: &'static [(&'static str, &'static str, &'static str)],
    changes: &[(&'static str, &'static str)],
) -> Vec<String> {
    const FLOORS: &[&[Room]] = &[
        &[room("top", "above all")],
        &[room("left", "one side"), room("right", "the other side")],
        &[Room { name: "low", why: "for one alone", only_for: &["left"] }],
        &[room("base", "below all")],
    ];
    let mut texts = vec![
        ("x/src/lib.rs", "mod top; mod left; mod right; mod low; mod base;"),
        ("x/src/top.rs", "use crate::{left::L, right::R, base::B};"),
        ("x/src/left/mod.rs", "mod deep; pub struct L;"),
        ("x/src/left/deep.rs", "use crate::low::W;"),
        ("x/src/right.rs", "pub struct R(crate::base::B); #[cfg(test)] mod tests { use crate::top::T; }"),
        ("x/src/low.rs", "pub struct W;"),
        ("x/src/base.rs", "pub struct B;"),
    ];
    for (file, text) in changes {
        texts.retain(|(path, _)| path != file);
        texts.push((file, text));
    }
    let house = House { root: "x/src/lib.rs", folder: "x/src/", floors: FLOORS, exceptions };
    house.faults(&Sources::made_up(&texts))
}

#[test]
fn arrows_that_go_down_pass() {
    assert_eq!(faults(&[], &[]), <[&str; 0]>::default());
}

#[test]
fn an_arrow_up_aside_or_into_a_room_for_others_fails() {
    assert_eq!(
        faults(&[], &[("x/src/base.rs", "pub struct B;\nfn f() { crate::left::deep::f() }")]),
        ["x/src/base.rs:2: `base` must not import `left` (x/src/left/deep.rs)"]
    );
    assert_eq!(
        faults(&[], &[("x/src/right.rs", "use crate::left::L;")]),
        ["x/src/right.rs:1: `right` must not import `left` (x/src/left/mod.rs)"]
    );
    assert_eq!(
        faults(&[], &[("x/src/top.rs", "use super::low;")]),
        ["x/src/top.rs:1: `top` must not import `low` (x/src/low.rs)"]
    );
}

#[test]
fn an_arrow_up_through_a_re_export_fails() {
    let re_export = ("x/src/lib.rs", "mod top; mod left; mod right; mod low; mod base; pub use left::L;");
    assert_eq!(faults(&[], &[re_export]), <[&str; 0]>::default());
    assert_eq!(
        faults(&[], &[re_export, ("x/src/base.rs", "use crate::L; pub struct B;")]),
        ["x/src/base.rs:1: `base` must not import `left` (x/src/left/mod.rs)"]
    );
}

#[test]
fn a_file_outside_of_the_rooms_and_a_room_without_files_fail() {
    assert_eq!(
        faults(
            &[],
            &[("x/src/lib.rs", "mod top; mod left; mod right; mod low; mod base; mod attic;"), ("x/src/attic.rs", "")]
        ),
        ["x/src/attic.rs: `attic` is no room; give it a place in the table of rooms"]
    );
    let sources = Sources::made_up(&[("x/src/lib.rs", "")]);
    const GONE: &[&[Room]] = &[&[room("gone", "nobody has been here")]];
    let house = House { root: "x/src/lib.rs", folder: "x/src/", floors: GONE, exceptions: &[] };
    assert_eq!(house.faults(&sources), ["`gone` is in the table of rooms and has no file"]);
}

#[test]
fn an_exception_is_taken_and_must_be_needed() {
    const ASIDE: &[(&str, &str, &str)] = &[("right", "left", "until the two are one")];
    assert_eq!(faults(ASIDE, &[("x/src/right.rs", "use crate::left::L;")]), <[&str; 0]>::default());
    assert_eq!(faults(ASIDE, &[]), ["no file needs the exception `right` → `left`: take it out of the list"]);
}
