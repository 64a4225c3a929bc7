//! Every trap of real tables as a row: what counts, what does not, what fails the look-up, and that no value is quoted.

mod maps;
mod traps;

use std::sync::Arc;

use credit_policy::{
    Asker, Catalogue, CitizenNumber, Decision, Facts, FetchPlan, FieldName, Personal, ScenarioName,
    catalogue::shipped as files, decide,
};
use jiff::civil::date;

use super::{Cell, Map, Read, Reading, Select, Unfit};

const PERSON: &str = "99010119900307004X";
const OTHER: &str = "990101199003070031";

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::load(&files()).unwrap())
}

fn person() -> Personal<CitizenNumber> {
    CitizenNumber::parse(PERSON).unwrap()
}

/// What stores are asked for, for these fields of the person's own query.
fn plan(catalogue: &Catalogue, fields: &[&str]) -> FetchPlan {
    let fields = fields.iter().map(|field| FieldName::parse(field).unwrap()).collect();
    let facts = Facts { minor: Some(false), fields: Some(fields), ..Facts::new(Asker::Person, date(2026, 11, 22)) };
    match decide(catalogue, Some(&ScenarioName::parse("self-query").unwrap()), &facts) {
        Decision::Permit(permit) => permit.plan().as_ref().clone(),
        Decision::Refuse { .. } => panic!("refused"),
    }
}

/// The cells of a row in the order of what was asked; columns that are not named are NULL.
fn cells<'a>(select: &Select, row: &[(&str, Cell<'a>)]) -> Vec<Cell<'a>> {
    let cell = |name: &str| row.iter().find(|(column, _)| *column == name).map_or(Cell::Null, |(_, cell)| *cell);
    select.columns().iter().map(|column| cell(column.name())).collect()
}

/// A map, and the only question that it makes for some fields.
struct Asked {
    map: Map,
    plan: FetchPlan,
    selects: Vec<Select>,
}

impl Asked {
    fn new(map: &str, fields: &[&str]) -> Self {
        let catalogue = catalogue();
        let map = Map::parse(map, &catalogue).map_err(|faults| format!("{faults:#?}")).unwrap();
        let plan = plan(&catalogue, fields);
        let selects = map.selects(&plan);
        Self { map, plan, selects }
    }

    fn read(&self, source: &str, rows: &[&[(&str, Cell<'_>)]]) -> Result<Read, Unfit> {
        self.read_for("self-query", source, rows)
    }

    fn read_for(&self, scenario: &str, source: &str, rows: &[&[(&str, Cell<'_>)]]) -> Result<Read, Unfit> {
        let person = person();
        let scenario = ScenarioName::parse(scenario).unwrap();
        let mut reading = Reading::new(&self.map, &self.plan, &scenario, &person, date(2026, 11, 22));
        let select = self.selects.iter().find(|select| select.source().name() == source).unwrap();
        for row in rows {
            reading.row(select, &cells(select, row))?;
        }
        Ok(reading.end())
    }
}
