//! `keys handed-out`: what gateways that count together have from the shared state, and who has it.

use credit_audit::clock::{Clock, SystemClock};
use credit_keys::{About, Handed, HandedError, KeyId, Ring};
use jiff::Timestamp;
use serde::Serialize;

use super::super::failure::{ConfigFile, Failure, runtime};
use crate::{
    cluster::{self, Listed},
    process::start,
    terminal::{fault, print, said, words},
};

/// A row of the shared state, as it is shown.
#[derive(Serialize)]
struct Shown {
    key: String,
    /// Those that came with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    /// Nothing where it was destroyed, or cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    activates: Option<Timestamp>,
    /// `pending`, `in-force`, `destroyed`, `refused`
    state: &'static str,
    /// Why it is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Logs of gateways that have it among those in force, or to come.
    has: Vec<String>,
    /// Of those that are here and have not.
    lacks: Vec<String>,
}

pub(super) fn run(config: &ConfigFile, json: bool) -> Result<(), Failure> {
    let settings = config.read()?;
    let why = words(
        "配置中没有 [state]：密钥只在共同计数的网关之间分发",
        "there is no [state] in the configuration: keys are handed out among gateways that count together",
    );
    let state = settings.state.as_ref().ok_or_else(|| Failure::usage(why))?;
    let ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    let listed = runtime()?.block_on(cluster::handed_out(state));
    let listed = listed.map_err(|error| Failure::unavailable(fault(&error.to_string())))?;
    let now = SystemClock::new().now();
    let shown: Vec<Shown> = listed.into_iter().map(|row| shown(row, &ring, now)).collect();
    if json {
        print(serde_json::to_string(&shown).map_err(|error| Failure::new(1, error))?);
        return Ok(());
    }
    shown.iter().for_each(print_row);
    if shown.is_empty() {
        print(words("尚未分发任何密钥", "nothing was handed out yet"));
    }
    Ok(())
}

fn shown(Listed { id, handed, taken, at }: Listed, ring: &Ring, now: Timestamp) -> Shown {
    let about = handed.as_deref().and_then(About::read);
    let examined = KeyId::parse(&id).ok().zip(handed.as_deref()).map(|(id, text)| ring.examine_handed(&id, text));
    let activates = about.as_ref().map(|about| about.activates);
    let unknown = || {
        let (key, at) = (KeyId::parse(&id).ok()?, activates.filter(|at| *at <= now)?);
        Some(fault(&HandedError::Unknown { key, at }.to_string()))
    };
    let (state, why) = match &examined {
        Some(Ok(Handed::New)) if !taken && unknown().is_some() => ("refused", unknown()),
        None | Some(Ok(Handed::Gone)) => ("destroyed", None),
        Some(Err(error)) => ("refused", Some(fault(&error.to_string()))),
        Some(Ok(Handed::Ours | Handed::Before | Handed::New)) => {
            (if activates.is_some_and(|at| at > now) { "pending" } else { "in-force" }, None)
        }
    };
    let with = about.iter().flat_map(|about| &about.keys).map(|(key, _)| key.to_string()).filter(|key| *key != id);
    let of = |wanted: bool| {
        let all = at.iter().filter(move |(_, has, is_here)| *has == wanted && (*has || *is_here));
        all.map(|(origin, ..)| origin.clone()).collect()
    };
    Shown { with: with.collect(), key: id, activates, state, why, has: of(true), lacks: of(false) }
}

fn print_row(row: &Shown) {
    let Shown { key, with, activates, state, why, has, lacks } = row;
    let keys = std::iter::once(key).chain(with).map(String::as_str).collect::<Vec<_>>().join(" ");
    let at = activates.map(|at| at.to_string()).unwrap_or_default();
    print(format_args!("{keys:<28} {state:<10} {at}"));
    if let Some(why) = why {
        print(format_args!("    {why}"));
    }
    if !has.is_empty() {
        print(said(|| format!("    已取用：{}", has.join("、")), || format!("    has it: {}", has.join(", "))));
    }
    // Of one that is over nobody says it any more.
    if *state == "pending" && !lacks.is_empty() {
        print(said(
            || format!("    尚未取用：{}", lacks.join("、")),
            || format!("    has it not: {}", lacks.join(", ")),
        ));
    }
}
