//! Programs that must not compile: what a proof, a permit or a secret does not allow. Beside each stands what the compiler
//! says of it; `CREDIT_TESTS_OVERWRITE=1` writes that anew.
//!
//! The compiler is called directly, with the crates that this test was built with: nothing is built a second time.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use credit_tests::scratch;

const PROGRAMS: &str = "tests/whole/wrong";

/// The compiled crates beside this test, by name; of several builds of one crate, those that the gateway was built with.
struct Crates {
    folder: PathBuf,
    paths: BTreeMap<String, PathBuf>,
}

impl Crates {
    fn find() -> Self {
        let folder = env::current_exe().unwrap().parent().unwrap().to_owned();
        let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if let Some((name, _)) = name_and_build(&path) {
                found.entry(name.to_owned()).or_default().push(path);
            }
        }
        // Cargo has just built the one of the sources as they are.
        let changed = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
        let gateway = found.remove("credit_gateway").unwrap().into_iter().max_by_key(changed).unwrap();
        let needs = builds(&fs::read(gateway.with_extension("rmeta")).unwrap());
        let is_needed = |path: &PathBuf| needs.contains(name_and_build(path).unwrap().1);
        let mut paths: BTreeMap<String, PathBuf> =
            found.into_iter().filter_map(|(name, paths)| Some((name, paths.into_iter().find(is_needed)?))).collect();
        paths.insert("credit_gateway".to_owned(), gateway);
        Self { folder, paths }
    }

    /// What the compiler says of a program; `None` if it compiles.
    fn said_of(&self, program: &Path, text: &str) -> Option<String> {
        let words: BTreeSet<&str> = text.split(|mark: char| !mark.is_alphanumeric() && mark != '_').collect();
        let crates = self.paths.iter().filter(|(name, _)| words.contains(name.as_str()));
        // From where cargo compiles our crates, so that their lines are found and quoted.
        let mut compiler = Command::new("rustc");
        compiler.current_dir(root()).args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "-Adead_code"]);
        compiler.args(["--color=never", "--diagnostic-width=140"]);
        for (name, path) in crates {
            compiler.arg("--extern").arg(format!("{name}={}", path.display()));
        }
        compiler.arg(format!("-Ldependency={}", self.folder.display()));
        compiler.arg(format!("--out-dir={}", scratch::folder("wrong").display()));
        let output = compiler.arg(Path::new("tests").join(program)).output().unwrap();
        (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
    }
}

/// `libserde-0123456789abcdef.rlib`: the name of the crate, and which build of it.
fn name_and_build(path: &Path) -> Option<(&str, &str)> {
    path.file_name()?.to_str()?.strip_prefix("lib")?.strip_suffix(".rlib")?.rsplit_once('-')
}

/// The builds that a compiled crate names, each as sixteen digits behind a hyphen.
fn builds(compiled: &[u8]) -> BTreeSet<String> {
    let digits = |at: usize| compiled.get(at + 1..at + 17).and_then(|digits| std::str::from_utf8(digits).ok());
    let hyphens = compiled.iter().enumerate().filter(|(_, byte)| **byte == b'-').map(|(at, _)| at);
    hyphens
        .filter_map(digits)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_owned)
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Without the sums at the end and without lines and columns of files that are not the program's.
fn kept(said: &str) -> String {
    let sums = [
        "error: aborting due to",
        "For more information about",
        "Some errors have detailed",
        "error: could not compile",
    ];
    let lines = said.lines().filter(|line| !sums.iter().any(|sum| line.starts_with(sum)));
    let mut kept: Vec<String> = lines.map(place).collect();
    while kept.last().is_some_and(String::is_empty) {
        kept.pop();
    }
    kept.join("\n") + "\n"
}

fn place(line: &str) -> String {
    let Some((arrow, path)) = line.split_once("--> ").filter(|(before, _)| before.trim().is_empty()) else {
        return line.to_owned();
    };
    let path = path.strip_prefix(root().to_str().unwrap()).map_or(path, |path| path.trim_start_matches('/'));
    if let Some(program) = path.strip_prefix("tests/").filter(|path| path.starts_with(PROGRAMS)) {
        return format!("{arrow}--> {program}");
    }
    if path.starts_with(PROGRAMS) {
        return line.to_owned();
    }
    let path = path.split(':').next().unwrap();
    format!("{arrow}--> $WORKSPACE/{}", path.trim_start_matches("$WORKSPACE/"))
}

/// As two of them are compared: without the numbers before quoted lines, which stand for other files too.
fn compared(said: &str) -> Vec<String> {
    let line = |line: &str| {
        let line = line.trim();
        let quoted = line.trim_start_matches(|digit: char| digit.is_ascii_digit()).trim_start();
        let line = if quoted.starts_with('|') { quoted } else { line };
        match line.strip_prefix("and ").and_then(|rest| rest.strip_suffix(" others")) {
            Some(_) => "and $N others".to_owned(),
            None => line.to_owned(),
        }
    };
    kept(said).lines().map(line).filter(|line| !line.is_empty()).collect()
}

#[test]
fn wrong_programs_do_not_compile() {
    let programs = fs::read_dir(PROGRAMS).unwrap().map(|entry| entry.unwrap().path());
    let programs: BTreeSet<PathBuf> = programs.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    assert!(programs.len() >= 18);
    let crates = Crates::find();
    let mut wrong = Vec::new();
    for program in programs {
        let wanted = program.with_extension("stderr");
        let name = program.display();
        let Some(said) = crates.said_of(&program, &fs::read_to_string(&program).unwrap()) else {
            wrong.push(format!("{name} compiles"));
            continue;
        };
        // It would be refused for that, and not for what it does.
        let misses = ["error[E0432]", "error[E0433]", "error[E0603]: module"];
        if misses.iter().any(|code| said.contains(code)) {
            wrong.push(format!("{name} names what is not there:\n{}", kept(&said)));
        } else if env::var_os("CREDIT_TESTS_OVERWRITE").is_some() {
            fs::write(&wanted, kept(&said)).unwrap();
        } else if compared(&said) != compared(&fs::read_to_string(&wanted).unwrap_or_default()) {
            wrong.push(format!("of {name} the compiler says:\n{}", kept(&said)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_program_that_is_right_compiles() {
    let folder = scratch::folder("right");
    let program = folder.join("right.rs");
    let text = "fn main() { let _ = credit_policy::CitizenNumber::parse(\"\"); let _ = uuid::Uuid::nil(); }";
    fs::write(&program, text).unwrap();
    assert_eq!(Crates::find().said_of(&program, text), None);
}
