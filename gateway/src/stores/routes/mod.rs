//! Routes: interfaces that clients ask already, before which the gateway stands (docs/stores.md, "Routes").
//!
//! A request that fits the [`template`] of a route is a query for its scenario. The store is asked with the same method and
//! path, and with nothing else of the client's but the number. What it answers is read in one pass by the [`shape`] of the
//! members that are listed ([`read`]), and [`project`] writes those that the permit releases. [`load`] compares a route with
//! the catalogue before a port opens, and [`describe`] says to programs how it is
//! asked.

mod describe;
mod fault;
mod load;
mod project;
mod read;
mod route;
mod shape;
mod template;

pub(crate) use fault::RouteError;
pub(crate) use project::{Reduced, Reduction};
pub(crate) use route::{At, Route, Routes};
pub(crate) use template::{Mismatch, Said};
