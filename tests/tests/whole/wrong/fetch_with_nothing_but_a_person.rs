//! Stores are not asked for a person and a plan that somebody made up: there is no plan from nothing.

use credit_gateway::store::sqlite::SqliteStore;
use credit_policy::{CitizenNumber, Personal};
use std::sync::Arc;

async fn wrong(store: &SqliteStore, person: Arc<Personal<CitizenNumber>>) {
    drop(store.fetch(person).await);
}

fn main() {}
