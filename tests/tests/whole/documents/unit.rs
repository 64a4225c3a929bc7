//! The systemd unit, without systemd: it is in good form, it hardens, and the gateway serves under its mounts and limits.

use std::{fs, path::PathBuf, process::Command};

use credit_tests::{Folder, Gateway, binaries, checked, command, plain, query::look_up, scratch};

use super::read;
use crate::faults::namespace::Namespace;

const UNIT: &str = "gateway/deploy/credit-gateway.service";

/// The value of a setting that stands once.
#[track_caller]
fn setting(name: &str) -> String {
    let unit = read(UNIT);
    let values: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].to_owned()
}

/// The unit with a program that is there, and an edit.
fn unit(edit: impl FnOnce(String) -> String) -> PathBuf {
    let file = scratch::folder("unit").join("credit-gateway.service");
    let program = binaries::credit_gateway();
    let text = read(UNIT).replace("/usr/local/bin/credit-gateway", program.to_str().unwrap());
    fs::write(&file, edit(text)).unwrap();
    file
}

/// What `systemd-analyze verify` finds; it ends with 0 in any case.
fn found(unit: &std::path::Path) -> String {
    let ended = command("systemd-analyze", &["verify".as_ref(), unit.as_os_str()]);
    format!("{}{}", ended.out, ended.err)
}

#[test]
fn every_line_of_it_is_understood() {
    let misspelt = unit(|text| text.replace("ProtectHome=", "ProtectHomes="));
    assert!(found(&misspelt).contains("ProtectHomes"), "a typing error is not noticed");
    assert_eq!(found(&unit(|text| text)), "");
}

#[test]
fn it_gives_the_gateway_little() {
    let arguments = |unit: &std::path::Path| {
        let fixed = ["security", "--offline=true", "--no-pager", "--threshold=20"];
        command(
            "systemd-analyze",
            &fixed.map(str::to_owned).into_iter().chain([unit.display().to_string()]).collect::<Vec<_>>(),
        )
    };
    let bare = unit(|text| text.lines().filter(|line| !line.starts_with("Protect")).collect::<Vec<_>>().join("\n"));
    assert_eq!(arguments(&bare).code, Some(1));
    drop(arguments(&unit(|text| text)).held());
}

#[test]
fn it_waits_for_the_clock_and_restarts_after_all_but_a_fault_of_the_configuration() {
    assert!(setting("After").split(' ').any(|unit| unit == "time-sync.target"));
    assert_eq!(setting("RestartPreventExitStatus"), "64");
    assert_eq!(setting("Restart"), "on-failure");
    assert!(setting("TimeoutStopSec").parse::<u64>().unwrap() >= 60, "as long as the largest sensible drain");
}

#[test]
fn the_gateway_serves_under_its_mounts_limits_and_umask() {
    let folder = Folder::new();
    let data = folder.join("data");
    fs::create_dir_all(&data).unwrap();
    // ProtectSystem=strict: everything is read-only but the state folder.
    let script = r#"mount --bind "$1" "$1" && mount --bind "$2" "$2" && mount -o remount,bind,ro "$1" && mount -o remount,bind,ro /"#;
    let namespace = Namespace::new(script, &[folder.path(), &data]);
    let serve = Gateway::serve_command(&folder);
    let mut command = Command::new("sh");
    let script = format!(
        r#"umask {}; ulimit -n 1024; ulimit -c {}; ! touch "$(dirname "$4")/probe" 2>&- && exec "$@""#,
        setting("UMask"),
        setting("LimitCORE"),
    );
    command.args(["-c", &script, "sh"]).arg(serve.get_program()).args(serve.get_args());
    let gateway = Gateway::start(folder, namespace.inside(&command));
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    checked::answer(folder, "housing", &reply);
    assert_eq!(plain(folder.port_base() + 4, "GET", "/readyz").status, 200);
    drop(gateway.stop());
}
