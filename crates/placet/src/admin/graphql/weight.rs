//! How large a query is once its fragments stand where they are named, judged before anything walks through it.
//!
//! A few lines of fragments that name each other twice stand for billions of fields, and a million brackets for as many
//! frames of a stack. Each fragment is weighed once here, whatever names it.
//!
//! Spec: GraphQL §2.8, §5.5.2.2; threat E13

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

/// The deepest a query may nest fields.
pub(super) const DEPTH_LIMIT: usize = 10;
/// The deepest a question about the schema may nest them: what tools ask goes through a type's types.
pub(super) const SCHEMA_DEPTH_LIMIT: usize = 20;
/// The most fields of a query.
pub(super) const FIELDS_LIMIT: usize = 1_000;
/// The deepest that brackets of any kind may be nested in the text.
const BRACKETS_LIMIT: usize = 64;

/// The weight of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) fields: usize,
    pub(super) depth: usize,
}

/// Whether a text nests brackets deeper than any query that would be answered. Those in strings count too.
pub(super) fn is_too_deep(text: &str) -> bool {
    let mut depth: usize = 0;
    text.bytes().any(|byte| {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > BRACKETS_LIMIT
    })
}

/// The weight of the heaviest operation. `None` when fragments name each other in a circle.
pub(super) fn weight(document: &ExecutableDocument) -> Option<Weight> {
    let mut scale = Scale {
        fragments: &document.fragments,
        known: HashMap::new(),
    };
    let mut heaviest = Weight::default();
    for (_, operation) in document.operations.iter() {
        let one = scale.of(&operation.node.selection_set.node)?;
        heaviest.fields = heaviest.fields.max(one.fields);
        heaviest.depth = heaviest.depth.max(one.depth);
    }
    Some(heaviest)
}

/// Whether a query asks about the schema alone.
pub(super) fn asks_about_schema(document: &ExecutableDocument) -> bool {
    let about_schema = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(field) => matches!(field.node.name.node.as_str(), "__schema" | "__type"),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    };
    document.operations.iter().all(|(_, operation)| {
        let items = &operation.node.selection_set.node.items;
        items.iter().all(about_schema)
    })
}

struct Scale<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// What was weighed. `None`: it is being weighed right now.
    known: HashMap<&'a str, Option<Weight>>,
}

impl<'a> Scale<'a> {
    /// The text's brackets bound how deep this goes, but for fragments, which are each entered once.
    fn of(&mut self, set: &'a SelectionSet) -> Option<Weight> {
        let mut whole = Weight::default();
        for selection in &set.items {
            let (inner, own) = match &selection.node {
                Selection::Field(field) => (self.of(&field.node.selection_set.node)?, 1),
                Selection::InlineFragment(inline) => (self.of(&inline.node.selection_set.node)?, 0),
                Selection::FragmentSpread(spread) => {
                    (self.named(&spread.node.fragment_name.node)?, 0)
                }
            };
            let fields = inner.fields.saturating_add(own);
            whole.fields = whole.fields.saturating_add(fields);
            whole.depth = whole.depth.max(inner.depth.saturating_add(own));
        }
        Some(whole)
    }

    fn named(&mut self, name: &'a Name) -> Option<Weight> {
        match self.known.get(name.as_str()) {
            Some(known) => return *known,
            None => drop(self.known.insert(name.as_str(), None)),
        }
        // One that is not there is refused when the query is validated.
        let weight = match self.fragments.get(name) {
            Some(fragment) => self.of(&fragment.node.selection_set.node)?,
            None => Weight::default(),
        };
        self.known.insert(name.as_str(), Some(weight));
        Some(weight)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use async_graphql::parser::parse_query;

    use super::*;

    fn weigh(text: &str) -> Option<Weight> {
        weight(&parse_query(text).unwrap())
    }

    #[test]
    fn fragments_weigh_as_much_as_what_they_stand_for() {
        for (text, fields, depth) in [
            ("{ a }", 1, 1),
            ("{ a b { c { d } } }", 4, 3),
            ("{ a { ...F ...F } } fragment F on X { b { c } }", 5, 3),
            ("{ ... on X { a { b } } }", 2, 2),
            ("query One { a } query Two { a { b } }", 2, 2),
            ("{ ...Missing }", 0, 0),
        ] {
            assert_eq!(weigh(text), Some(Weight { fields, depth }), "{text}");
        }
    }

    #[test]
    fn e13_fragments_that_double_are_weighed_at_once() {
        let mut text = "{ ...F0 }".to_owned();
        for n in 0..60 {
            let next = n + 1;
            write!(text, " fragment F{n} on X {{ ...F{next} ...F{next} }}").unwrap();
        }
        text.push_str(" fragment F60 on X { a }");
        let weight = weigh(&text).unwrap();
        assert_eq!(weight.fields, 1 << 60);
        let circle = "{ ...A } fragment A on X { ...B } fragment B on X { a { ...A } }";
        assert_eq!(weigh(circle), None);
    }

    #[test]
    fn only_the_schema_s_own_fields_ask_about_it() {
        for (text, want) in [
            ("{ __schema { types { name } } }", true),
            ("{ __type(name: \"Grant\") { name } }", true),
            (
                "{ __schema { types { name } } grants { edges { cursor } } }",
                false,
            ),
            (
                "{ ...F } fragment F on Query { __schema { types { name } } }",
                false,
            ),
            (
                "query A { __schema { types { name } } } query B { a }",
                false,
            ),
        ] {
            let document = parse_query(text).unwrap();
            assert_eq!(asks_about_schema(&document), want, "{text}");
        }
    }
}
