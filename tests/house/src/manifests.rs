//! What a `Cargo.toml` says of dependencies.

/// One dependency of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dependency<'s> {
    pub(crate) name: &'s str,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
    /// A version in the table of the workspace, which packages refer to.
    Workspace,
}

pub(crate) fn dependencies(manifest: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut kind = None;
    let mut open = 0_usize;
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let inside = open > 0;
        open += line.matches('[').count();
        open -= line.matches(']').count();
        if inside {
            continue;
        }
        if let Some(table) = line.strip_prefix('[') {
            let (table, name) = section(table.trim_end_matches(']'));
            kind = table;
            found.extend(name.zip(kind).map(|(name, kind)| Dependency { name, kind }));
            // Below `[dependencies.name]` stand the parts of that one.
            kind = kind.filter(|_| name.is_none());
        } else if let (Some(kind), Some((key, _))) = (kind, line.split_once('=')) {
            let name = key.split('.').next().unwrap_or_default().trim();
            found.push(Dependency { name, kind });
        }
    }
    found
}

/// `target.'cfg(unix)'.dev-dependencies.x` are dependencies of tests, `x` one of them.
fn section(table: &str) -> (Option<Kind>, Option<&str>) {
    let kinds = [
        ("workspace.dependencies", Kind::Workspace),
        ("dev-dependencies", Kind::Dev),
        ("build-dependencies", Kind::Build),
        ("dependencies", Kind::Normal),
    ];
    for (name, kind) in kinds {
        match table.rsplit_once(name) {
            Some(("", "")) => return (Some(kind), None),
            Some((before, "")) if before.starts_with("target.") => return (Some(kind), None),
            Some((before, after)) if before.is_empty() || before.starts_with("target.") => {
                return (Some(kind), after.strip_prefix('.'));
            }
            _ => {}
        }
    }
    (None, None)
}

#[test]
fn dependencies_are_read() {
    let manifest = r#"
        [package]
        name = "x"
        [dependencies]
        # serde = "1"
        jiff.workspace = true
        tokio = { version = "1", features = [
            "rt",
        ] }
        [dev-dependencies.proptest]
        version = "1"
        [target.'cfg(unix)'.build-dependencies]
        cc = "1"
        [features]
        demo = []
    "#;
    let found: Vec<_> = dependencies(manifest).into_iter().map(|found| (found.name, found.kind)).collect();
    let wanted = [("jiff", Kind::Normal), ("tokio", Kind::Normal), ("proptest", Kind::Dev), ("cc", Kind::Build)];
    assert_eq!(found, wanted);
    assert_eq!(dependencies("[workspace.dependencies]\na = \"1\"")[0].kind, Kind::Workspace);
}
