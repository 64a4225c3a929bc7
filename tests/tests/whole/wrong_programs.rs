//! Programs that must not compile: what a proof, a permit or a secret does not allow.

#[test]
fn wrong_programs_do_not_compile() {
    let programs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/wrong")).unwrap();
    let programs = programs.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "rs"));
    assert!(programs.count() >= 18);
    trybuild::TestCases::new().compile_fail("tests/whole/wrong/*.rs");
}
