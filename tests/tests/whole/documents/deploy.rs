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
fn the_witness_s_unit_is_understood_and_hardened_as_the_gateway_s() {
    let program = binaries::credit_audit().to_str().unwrap();
    let unit = edited("credit-witness.service", |text| text.replace("/usr/local/bin/credit-audit", program));
    let found = command("systemd-analyze", &["verify".as_ref(), unit.as_os_str()]);
    assert_eq!(format!("{}{}", found.out, found.err), "");
    let hardening = |name: &str| {
        let text = read(&format!("gateway/deploy/{name}.service"));
        text[text.find("CapabilityBoundingSet=").unwrap()..].to_owned()
    };
    assert_eq!(hardening("credit-witness"), hardening("credit-gateway"));
}
