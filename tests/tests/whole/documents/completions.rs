//! What shells read to complete our commands.

use credit_tests::{binaries, command};

/// Loads the completions of a command into bash and says what it would offer behind some words.
fn offered(program: &str, words: &str, begun: &str) -> Vec<String> {
    let line = format!(
        "eval \"$({program} completions bash)\"; name=${{0##*/}}; \
         function=$(complete -p $name); function=${{function#* -F }}; function=${{function%% *}}; \
         COMP_WORDS=($name {words} '{begun}'); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
         $function $name '{begun}' \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let name = program.rsplit_once('/').unwrap().1;
    command("bash", &["-c", &line, name]).held().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_both_commands() {
    let gateway = binaries::credit_gateway().to_str().unwrap();
    let audit = binaries::credit_audit().to_str().unwrap();
    for (program, words, begun, wanted) in [
        (gateway, "", "", &["demo", "serve", "check", "keys", "institution", "schema", "completions"][..]),
        (gateway, "institution", "", &["add", "suspend", "resume", "list"]),
        (gateway, "completions", "", &["bash", "zsh", "fish"]),
        (gateway, "keys rotate", "", &["pseudonym", "state", "data", "ring", "index", "log"]),
        (gateway, "policy explain --kind", "", &["bank", "housing-department"]),
        (gateway, "policy explain --scenario", "comm", &["commercial-loan"]),
        (gateway, "consent issue --fields", "score", &["score_band"]),
        (audit, "", "", &["verify", "replay", "completions"]),
        (audit, "verify", "--", &["--vkey", "--receipt", "--leaf"]),
    ] {
        let offered = offered(program, words, begun);
        for word in wanted {
            assert!(offered.iter().any(|offer| offer == word), "{words}: `{word}` is not among {offered:?}");
        }
    }
}

#[test]
fn there_are_completions_for_the_other_shells_too_and_none_for_what_is_no_shell() {
    for program in [binaries::credit_gateway(), binaries::credit_audit()] {
        for (shell, begins) in [("zsh", "#compdef credit-"), ("fish", "# Print an optspec")] {
            let script = command(program, &["completions", shell]).held();
            assert!(script.starts_with(begins) && script.contains("completions"), "{shell}: {script}");
        }
        drop(command(program, &["completions", "abacus"]).failed(64));
    }
}
