//! Random edits of the shipped catalogue: most do not load, and in what loads no answer of restraint or of a basic public
//! service changes when every score and verdict in the store does. Harmless edits load. Seeded; few in a normal run,
//! 1,000 and all with `CREDIT_TESTS_FULL=1`.

use credit_policy::{
    Attribute, Catalogue, Decision, History, InstitutionKind, Scenario, Value, catalogue::shipped, decide, minimise,
};

use crate::support::{catalogue, date, facts_for, fields, lines};

type Files = Vec<(String, String)>;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn is_full() -> bool {
    std::env::var_os("CREDIT_TESTS_FULL").is_some()
}

/// The line of a file that begins with that key becomes another.
fn set(text: &mut String, key: &str, value: &str) {
    let start = format!("{key} = ");
    let changed: Vec<_> = text
        .lines()
        .map(|line| if line.starts_with(&start) { format!("{start}{value}") } else { line.to_owned() })
        .collect();
    *text = changed.join("\n") + "\n";
}

/// Flags, fields, grounds and kinds of scenarios; sensitivities, tiers and clocks of classes; classes of derived fields.
fn edit(files: &mut Files, random: &mut Random) -> String {
    let folder = *random.pick(&["scenarios/", "scenarios/", "scenarios/", "data-list/", "derived/"]);
    let mut of_folder: Vec<_> = files.iter_mut().filter(|(path, _)| path.starts_with(folder)).collect();
    let at = random.below(of_folder.len());
    let (path, text) = &mut *of_folder[at];
    let all: Vec<_> = catalogue().fields().iter().map(|field| field.name().to_string()).collect();
    let classes: Vec<_> = catalogue().classes().map(|class| class.name().to_string()).collect();
    let what = match folder {
        "scenarios/" => match random.below(6) {
            0 => ("restraint", "false".to_owned()),
            1 => ("basic_public_service", "false".to_owned()),
            2 => ("yes_no_only", "false".to_owned()),
            3 => ("ground", format!("{:?}", random.pick(&["consent", "statute", "self", "public"]))),
            4 => ("kinds", format!("[{:?}]", random.pick(InstitutionKind::ALL).as_str())),
            _ => {
                let field = random.pick(&all).clone();
                let begin = text.find("fields = [").unwrap() + "fields = [".len();
                text.insert_str(begin, &format!("{field:?}, "));
                return format!("{path}: {field} added");
            }
        },
        "data-list/" => match random.below(3) {
            0 => {
                let words = ["adverse", "neutral", "positive", "identity", "evaluation"];
                ("sensitivity", format!("{:?}", random.pick(&words)))
            }
            1 => ("tier", "\"first\"".to_owned()),
            _ => ("clock", format!("{:?}", random.pick(&["public-credit", "credit-reporting", "in-force"]))),
        },
        _ => {
            let (from, to) = (random.pick(&classes).clone(), random.pick(&classes).clone());
            *text = text.replace(&format!("{from:?}"), &format!("{to:?}"));
            return format!("{path}: {from} → {to}");
        }
    };
    set(text, what.0, &what.1);
    format!("{path}: {} = {}", what.0, what.1)
}

/// Everything that evaluates the person, low or high.
fn evaluated(high: bool) -> History {
    let of = |name: &str, value| Attribute { field: fields(&[name])[0].clone(), value };
    let text = |low: &str, best: &str| Value::Text(if high { best } else { low }.to_owned());
    let attributes = vec![
        of("score", Value::Int(if high { 1_000 } else { 0 })),
        of("creditability", text("bad", "good")),
        of("credit_history", text("delay in paying off in the past", "all credits at this bank paid back duly")),
    ];
    History { attributes, ..History::default() }
}

fn answer(catalogue: &Catalogue, row: &Scenario, history: &History) -> Option<String> {
    let on = date("2026-11-22");
    match decide(catalogue, Some(row.name()), &facts_for(row, on)) {
        Decision::Permit(permit) => {
            let data = minimise(&permit, history, on).data;
            Some(
                data.iter()
                    .map(|(field, value)| format!("{field} {}", serde_json::to_string(value).unwrap()))
                    .collect(),
            )
        }
        Decision::Refuse { .. } => None,
    }
}

#[test]
fn no_score_moves_an_answer_of_restraint_or_of_a_basic_service_whatever_is_edited() {
    let mut random = Random(20_261_128);
    let (mut loaded, mut compared) = (0, 0);
    for _ in 0..if is_full() { 1_000 } else { 60 } {
        let mut files = shipped();
        let edits: Vec<_> = (0..=random.below(3)).map(|_| edit(&mut files, &mut random)).collect();
        let Ok(edited) = Catalogue::load(&files) else { continue };
        loaded += 1;
        // By what they are in the shipped catalogue, and not by what the edited rows say.
        for row in catalogue().scenarios().into_iter().filter(|row| row.restraint() || row.basic_public_service()) {
            let Some(row) = edited.scenario(row.name().as_str()) else { continue };
            let (low, high) = (answer(&edited, row, &evaluated(false)), answer(&edited, row, &evaluated(true)));
            assert_eq!(low, high, "{}: {edits:?}", row.name());
            compared += 1;
        }
    }
    assert!(loaded > 3 && compared > 60, "{loaded} {compared}");
}

#[test]
fn harmless_edits_load() {
    let mut edits: Vec<(String, &str, &str)> = Vec::new();
    for (path, text) in shipped() {
        if path.starts_with("scenarios/") {
            edits.push((path.clone(), "data_life", "\"P1D\""));
            if text.contains("case_limit = ") {
                edits.push((path.clone(), "case_limit", "1"));
            }
        } else if path.starts_with("data-list/") {
            edits.push((path.clone(), "title", "{ zh = \"另一标题\", en = \"Another title\" }"));
        }
    }
    edits.retain(|(path, key, _)| {
        !(*key == "data_life" && shipped().iter().any(|(at, text)| at == path && text.contains("[consent]")))
    });
    assert!(edits.len() > 60, "{}", edits.len());
    let step = if is_full() { 1 } else { 10 };
    for (path, key, value) in edits.iter().step_by(step) {
        let mut files = shipped();
        let (_, text) = files.iter_mut().find(|(at, _)| at == path).unwrap();
        set(text, key, value);
        let faults = Catalogue::load(&files).err().unwrap_or_default();
        assert!(faults.is_empty(), "{path}: {key} = {value}: {}", lines(&faults));
    }
}
