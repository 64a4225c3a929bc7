//! No import circles: within a crate no two files import each other, by whatever way round.

use std::collections::{BTreeMap, BTreeSet};

use crate::{modules::Crate, resolve::Place, sources::Sources};

/// Each circle as its imports, such as `a.rs:3 → b.rs`. A declaration (`mod b;`) is no import.
pub(crate) fn circles(read: &Crate<'_>) -> Vec<Vec<String>> {
    let imports = read.imports();
    let mut reached: BTreeMap<&Place, BTreeSet<&Place>> = BTreeMap::new();
    for (from, _) in imports.keys() {
        if !reached.contains_key(from) {
            let mut seen = BTreeSet::new();
            let mut left = vec![from];
            while let Some(place) = left.pop() {
                left.extend(imports.keys().filter(|(from, to)| from == place && seen.insert(to)).map(|(_, to)| to));
            }
            reached.insert(from, seen);
        }
    }
    let reaches = |from: &Place, to: &Place| reached.get(from).is_some_and(|seen| seen.contains(to));
    let mut found: BTreeMap<BTreeSet<&Place>, Vec<String>> = BTreeMap::new();
    for ((from, to), line) in imports.iter().filter(|((from, to), _)| reaches(to, from)) {
        let members = reached[from].iter().copied().filter(|place| reaches(place, from)).collect();
        found.entry(members).or_default().push(format!("{}:{line} → {}", from.file, to.file));
    }
    found.into_values().collect()
}

#[test]
fn no_crate_has_an_import_circle() {
    let sources = Sources::of_the_workspace();
    let roots = sources.packages().flat_map(|(package, _)| sources.roots(package));
    let found: Vec<_> = roots.flat_map(|root| circles(&Crate::read(&sources, root))).collect();
    assert!(found.is_empty(), "files import one another in circles: {found:#?}");
}

#[cfg(test)]
fn of(texts: &[(&str, &str)]) -> Vec<Vec<String>> {
    circles(&Crate::read(&Sources::made_up(texts), "x/src/lib.rs"))
}

#[test]
fn two_files_that_import_each_other_are_a_circle() {
    let found = of(&[
        ("x/src/lib.rs", "mod a; mod b;"),
        ("x/src/a.rs", "use crate::b::B;\npub struct A;"),
        ("x/src/b.rs", "pub struct B;\nfn f(_: super::a::A) {}"),
    ]);
    assert_eq!(found, [["x/src/a.rs:1 → x/src/b.rs", "x/src/b.rs:2 → x/src/a.rs"]]);
}

#[test]
fn a_parent_that_re_exports_and_its_child_may_be_a_circle() {
    let child = |text| {
        of(&[("x/src/lib.rs", "mod a;"), ("x/src/a.rs", "mod b; pub use b::B; struct A;"), ("x/src/a/b.rs", text)])
    };
    assert_eq!(child("pub struct B(super::A);").len(), 1);
    assert_eq!(child("pub struct B; fn f(_: super::B) {}"), <[Vec<String>; 0]>::default());
}

#[test]
fn a_circle_of_three_through_a_re_export_is_found() {
    let found = of(&[
        ("x/src/lib.rs", "mod a; mod b; mod c; mod d;"),
        ("x/src/a.rs", "use crate::d::B;\npub struct A;"),
        ("x/src/b.rs", "pub use crate::c::C; pub struct B;"),
        ("x/src/c.rs", "pub struct C(crate::a::A);"),
        ("x/src/d.rs", "pub use crate::b::B;"),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].len(), 3);
}

#[test]
fn tests_may_import_whatever_they_test_but_not_one_another_in_circles() {
    let fine = of(&[
        ("x/src/lib.rs", "mod a; mod b;"),
        ("x/src/a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("x/src/b.rs", "pub struct B(crate::a::A);"),
    ]);
    assert_eq!(fine, <[Vec<String>; 0]>::default());
    let circle = of(&[
        ("x/src/lib.rs", "#[cfg(test)] mod a; #[cfg(test)] mod b;"),
        ("x/src/a.rs", "pub struct A(crate::b::B);"),
        ("x/src/b.rs", "pub struct B(crate::a::A);"),
    ]);
    assert_eq!(circle.len(), 1);
}
