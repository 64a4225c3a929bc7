//! What `gateway/deploy` ships beside the unit of the gateway: in good form.

use std::{fs, path::PathBuf};

use credit_tests::{Ended, binaries, command, scratch, tools};

use super::{read, repository};

/// A file of the folder with an edit.
fn edited(name: &str, edit: impl FnOnce(String) -> String) -> PathBuf {
    let file = scratch::folder("deploy").join(name);
    fs::write(&file, edit(read(&format!("gateway/deploy/{name}")))).unwrap();
    file
}

fn lint(file: &std::path::Path) -> Ended {
    command(tools::hadolint(), &["--no-color".as_ref(), "--failure-threshold=info".as_ref(), file.as_os_str()])
}

#[test]
fn the_container_file_has_nothing_that_its_linter_finds() {
    let spoiled = edited("Containerfile", |text| text.replace("FROM debian:bookworm-slim", "FROM debian"));
    assert_eq!(lint(&spoiled).code, Some(1));
    assert_eq!(lint(&repository("gateway/deploy/Containerfile")).held(), "");
}

#[test]
fn the_balancer_s_configuration_is_read_without_a_word() {
    let check =
        |file: PathBuf| command(tools::haproxy(), &["-c".as_ref(), "-q".as_ref(), "-f".as_ref(), file.as_os_str()]);
    let misspelt = check(edited("haproxy.cfg", |text| text.replace("balance leastconn", "balance leastcon")));
    assert_eq!(misspelt.code, Some(1), "{misspelt:?}");
    let said = check(repository("gateway/deploy/haproxy.cfg"));
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
}

#[test]
fn the_units_beside_the_gateway_s_are_understood_and_hardened_as_it_is() {
    let hardening = |name: &str| {
        let text = read(&format!("gateway/deploy/{name}.service"));
        text[text.find("CapabilityBoundingSet=").unwrap()..].to_owned()
    };
    let programs = [("witness", binaries::credit_audit()), ("copies", binaries::credit_gateway())];
    for (name, program) in programs.map(|(name, program)| (format!("credit-{name}"), program)) {
        let installed = format!("/usr/local/bin/{}", program.file_name().unwrap().display());
        let unit = edited(&format!("{name}.service"), |text| {
            assert!(text.contains(&installed), "{name}");
            text.replace(&installed, program.to_str().unwrap())
        });
        let found = command("systemd-analyze", &["verify".as_ref(), unit.as_os_str()]);
        assert_eq!(format!("{}{}", found.out, found.err), "");
        assert_eq!(hardening(&name), hardening("credit-gateway"));
        // What it runs is a command that the program has.
        let text = read(&format!("gateway/deploy/{name}.service"));
        let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let subcommands: Vec<&str> = line.split(' ').skip(1).take_while(|word| !word.starts_with('-')).collect();
        let help = [subcommands, vec!["--help"]].concat();
        let help = command(program, &help.iter().map(std::ffi::OsStr::new).collect::<Vec<_>>()).held();
        for flag in line.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{name}: {flag}");
        }
    }
}
