//! `self-check`: the whole life of the data looked through once (R17). Nothing is changed; each check says what it found, and
//! one that could not be made has found that.

mod backups;
mod found;
mod running;
mod whole;

use credit_audit::clock::{Clock, SystemClock};

use super::failure::Failure;
use crate::terminal::{print, said, words};
pub(super) use found::Arguments;
use found::{Check, Finding, Findings, Looked};

/// 0 where nothing was found, 1 where something was, 64 where the configuration cannot be read.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.read()?;
    let now = arguments.at.unwrap_or_else(|| SystemClock::new().now());
    let looked = Looked { settings: &settings, arguments, now };
    let mut findings = Findings::default();
    whole::start(&looked, &mut findings);
    let ring = whole::keys(&looked, &mut findings);
    whole::tls(&looked, &mut findings);
    running::alarms(&looked, &mut findings);
    let key = ring.as_ref().and_then(|ring| whole::log(&looked, ring, &mut findings));
    backups::all(&looked, ring.as_ref().zip(key.as_ref()), &mut findings);
    whole::clocks(&looked, &mut findings);
    running::stores(&looked, &mut findings);
    told(&findings.0, arguments.json)
}

fn told(findings: &[Finding], json: bool) -> Result<(), Failure> {
    if json {
        print(serde_json::json!({"checks": Check::ALL, "findings": findings}));
    } else {
        for check in Check::ALL {
            let of_it = findings.iter().filter(|finding| finding.check == check).collect::<Vec<_>>();
            if of_it.is_empty() {
                print(format_args!("{:<10} {}", check.name(), words("正常", "nothing found")));
            }
            of_it.iter().for_each(|finding| print(format_args!("{:<10} {}", check.name(), finding.what)));
        }
    }
    match findings.len() {
        0 => Ok(()),
        count => {
            let line = said(|| format!("自查发现 {count} 项"), || format!("the self-check found {count}"));
            Err(Failure::new(1, line))
        }
    }
}
