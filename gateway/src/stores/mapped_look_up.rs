//! Look-ups in tables that a map describes.

use credit_policy::History;
use rusqlite::Connection;

use super::{
    contract::Asked,
    fault::{StoreError, StoreFault},
    map::{Map, Reading, Select},
    mapped::{NOBODY, PARAMETERS, cells},
};

/// What the map's tables say of the person, for the plan and the scenario.
pub(super) fn history(connection: &Connection, map: &Map, asked: &Asked) -> Result<History, StoreError> {
    let mut reading = Reading::new(map, &asked.plan, &asked.scenario, &asked.person, asked.on);
    let keys = asked.person.disclose(Select::keys);
    for select in map.selects(&asked.plan) {
        let mut statement = connection.prepare_cached(&select.sql(PARAMETERS))?;
        let [upper, lower] = keys.each_ref().map(|key| key.as_str());
        let mut rows = statement.query((upper, lower, upper.as_bytes(), lower.as_bytes()))?;
        while let Some(row) = rows.next()? {
            let cells = cells(row, select.columns().len())?;
            reading.row(&select, &cells).map_err(|unfit| StoreError::Failed(StoreFault::Mapped(unfit)))?;
        }
    }
    Ok(reading.counted())
}

/// Runs every statement for a number that nobody has.
pub(super) fn probe(connection: &Connection, map: &Map) -> Result<(), StoreError> {
    for select in map.everything() {
        connection.prepare_cached(&select.sql(PARAMETERS))?.exists(NOBODY)?;
    }
    Ok(())
}
