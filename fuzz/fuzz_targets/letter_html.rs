//! HTML that a letter may be written in is to a browser what it was to us. Parsed a second time,
//! into a tree and with a browser's corrections, it holds listed elements and https links and
//! nothing that runs; written out again it is taken again, and changes no more.
#![no_main]

use html5ever::serialize::{SerializeOpts, TraversalScope, serialize};
use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, QualName, local_name, ns, parse_fragment};
use libfuzzer_sys::fuzz_target;
use markup5ever_rcdom::{Handle, NodeData, RcDom, SerializableHandle};
use siegel_postbox::fuzzing::takes_html;

const ELEMENTS: [&str; 15] =
    ["p", "strong", "em", "b", "i", "u", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a", "br"];
/// Deeper nesting is refused; a browser's corrections may nest what was side by side.
const DEPTH: usize = 32;

/// The content of a page's body.
fn tree(text: &str) -> Handle {
    let body = QualName::new(None, ns!(html), local_name!("body"));
    let dom = parse_fragment(RcDom::default(), ParseOpts::default(), body, Vec::new(), false);
    let dom = dom.one(text);
    let children = dom.document.children.borrow();
    children.first().expect("a fragment has a root").clone()
}

fn written(root: &Handle) -> String {
    let mut bytes = Vec::new();
    let opts = SerializeOpts { traversal_scope: TraversalScope::ChildrenOnly(None), ..SerializeOpts::default() };
    serialize(&mut bytes, &SerializableHandle::from(root.clone()), opts).expect("a vector takes all");
    String::from_utf8(bytes).expect("text stays text")
}

/// Looks at everything below a node; how deep it is.
fn look(node: &Handle) -> usize {
    let mut deepest = 0;
    for child in node.children.borrow().iter() {
        match &child.data {
            NodeData::Element { name, attrs, .. } => {
                assert_eq!(name.ns, ns!(html), "no SVG, no MathML");
                assert!(ELEMENTS.contains(&&*name.local), "{}", name.local);
                for attribute in attrs.borrow().iter() {
                    assert_eq!((&*name.local, &*attribute.name.local), ("a", "href"));
                    assert!(attribute.value.to_ascii_lowercase().starts_with("https://"), "{}", attribute.value);
                    assert!(!attribute.value.contains(char::is_control), "{:?}", attribute.value);
                }
            }
            NodeData::Text { .. } => {}
            other => panic!("{other:?}"),
        }
        deepest = deepest.max(look(child));
    }
    deepest + 1
}

fuzz_target!(|text: &str| {
    if !takes_html(text) {
        return;
    }
    let root = tree(text);
    let depth = look(&root) - 1;
    let once = written(&root);
    if depth <= DEPTH {
        assert!(takes_html(&once), "{text:?} becomes {once:?}");
        assert_eq!(written(&tree(&once)), once, "{text:?}");
    }
});
