//! Where the members that may leave stand in the store's JSON: an allow-list for every depth.

use credit_policy::{ClassName, FieldName, List};

use crate::stores::map::Select;

/// An object of the store's JSON: its members that are looked at, in the order in which they are answered.
#[derive(Default)]
pub(super) struct Node {
    pub(super) members: Vec<NamedMember>,
}

/// One member of an object.
pub(super) struct NamedMember {
    pub(super) name: String,
    /// The name as JSON, with the colon behind it.
    pub(super) key: String,
    pub(super) below: Below,
}

/// What stands at a member: the numbers are places among what is read.
pub(super) enum Below {
    /// An object of which some is looked at.
    Node(Node),
    /// A value without parts.
    Value(usize),
    /// An array of objects.
    Entries(usize),
}

/// The whole answer of a store.
pub(super) struct Shape {
    pub(super) root: Root,
    pub(super) values: Vec<ValueOf>,
    pub(super) entries: Vec<Entries>,
    /// What an answer says where it is in order: the path, and the texts of which one must stand there.
    pub(super) ok: Option<(Vec<String>, Vec<String>)>,
}

/// What an answer is.
pub(super) enum Root {
    /// An object.
    Object(Node),
    /// An array of objects, the only [`Entries`].
    Array,
}

/// Whose value it is.
pub(super) enum ValueOf {
    /// The person's number.
    Person,
    /// Of a field: an attribute of the store, or what is made from one. One of yes or no must be there: where it is left out, a
    /// client reads no.
    Field { field: FieldName, of: FieldName, is_yes_no: bool },
}

/// An array whose entries are weighed, each by itself.
pub(super) struct Entries {
    /// Its path, for messages.
    pub(super) place: String,
    /// What the map reads of an entry: its cells are the first values of [`Self::read`].
    pub(super) select: Select,
    /// All that is looked at.
    pub(super) read: Node,
    /// Where the person's number stands in an entry, if it does: among what is read.
    pub(super) key: Option<usize>,
    /// What may leave of those that count.
    pub(super) show: Node,
    /// The field that is answered in their place.
    pub(super) field: Option<FieldName>,
    /// How many values are read.
    pub(super) length: usize,
    /// The classes of records that its entries may be of.
    pub(super) classes: Vec<ClassName>,
    /// The lists.
    pub(super) lists: Vec<List>,
    /// Both, by the names of the data list.
    pub(super) data_list: Vec<ClassName>,
}

/// Two members that cannot both be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clash;

impl Node {
    /// Puts something at a path.
    ///
    /// # Errors
    /// [`Clash`] where something else stands there, or where a value without parts would have some.
    pub(super) fn put(&mut self, path: &[String], below: Below) -> Result<(), Clash> {
        let (name, rest) = path.split_first().ok_or(Clash)?;
        let found = self.members.iter_mut().find(|member| member.name == *name);
        match (found, rest) {
            (None, []) => self.push(name, below),
            (None, rest) => {
                let mut node = Self::default();
                node.put(rest, below)?;
                self.push(name, Below::Node(node));
            }
            (Some(NamedMember { below: Below::Node(node), .. }), rest @ [_, ..]) => node.put(rest, below)?,
            (Some(_), _) => return Err(Clash),
        }
        Ok(())
    }

    fn push(&mut self, name: &str, below: Below) {
        let key = format!("{}:", serde_json::Value::from(name));
        self.members.push(NamedMember { name: name.to_owned(), key, below });
    }

    /// The place of the value at a path.
    pub(super) fn value_at(&self, path: &[String]) -> Option<usize> {
        let (name, rest) = path.split_first()?;
        match (&self.members.iter().find(|member| member.name == *name)?.below, rest) {
            (Below::Value(place), []) => Some(*place),
            (Below::Node(node), rest) => node.value_at(rest),
            (Below::Value(_) | Below::Entries(_), _) => None,
        }
    }
}
