//! The persons' door from outside: a browser without scripts, an identity service that can be made to lie, and what must
//! come of each.

mod blocks;
pub(crate) mod bound_ids;
mod browser;
mod chromium;
mod consents;
mod corrections;
mod cost;
pub(crate) mod counter;
pub(crate) mod crowd;
mod demo;
pub(crate) mod destruction;
mod disclosures;
mod everybody;
pub(crate) mod export;
mod hostile;
mod hostile_kinds;
mod login;
mod logout;
mod notices;
mod objections;
mod queries;
mod recipients;
pub(crate) mod repairs;
mod said_before;
mod service;
mod under_load;
mod withheld;

use credit_tests::{Folder, Gateway};

pub(crate) use browser::Browser;
pub(crate) use service::{Lie, Service};

const IDENTITY: u16 = 5;

/// A gateway whose identity service is one of the test.
fn gateway() -> (Gateway, Service) {
    serve(Folder::new())
}

/// The gateway of a folder, with an identity service of the test.
pub(crate) fn serve(folder: Folder) -> (Gateway, Service) {
    let service = Service::start(folder.port_base() + IDENTITY, &folder.person("late", 0));
    (Gateway::serve(folder), service)
}
