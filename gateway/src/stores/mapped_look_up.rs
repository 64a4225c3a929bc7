//! Look-ups in tables that a map describes.

use credit_policy::History;
use rusqlite::Connection;

use super::{
    contract::Asked,
    fault::{StoreError, StoreFault},
    map::{Map, Reading, Select},
    mapped::{PARAMETERS, cells},
};

/// What the map's tables say of the person, for the plan and the scenario.
pub(super) fn history(connection: &Connection, map: &Map, asked: &Asked) -> Result<History, StoreError> {
    let mut reading = Reading::new(map, &asked.plan, &asked.scenario, &asked.person);
    let keys = asked.person.disclose(Select::keys);
    for select in map.selects(&asked.plan) {
        let mut statement = connection.prepare_cached(&select.sql(PARAMETERS))?;
        let mut rows = statement.query([keys[0].as_str(), keys[1].as_str()])?;
        while let Some(row) = rows.next()? {
            let cells = cells(row, select.columns().len())?;
            reading.row(&select, &cells).map_err(|unfit| StoreError::Failed(StoreFault::Mapped(unfit)))?;
        }
    }
    Ok(reading.counted())
}

/// Runs every statement for a number that nobody has.
pub(super) fn probe(connection: &Connection, map: &Map) -> Result<History, StoreError> {
    for select in map.everything() {
        connection.prepare_cached(&select.sql(PARAMETERS))?.exists(["", ""])?;
    }
    Ok(History::default())
}
