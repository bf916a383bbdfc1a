//! Rows by the tokens before them: they depend on nothing else, so texts that begin alike have them in common.

use super::Text;
use crate::domain::TokenId;
use crate::engine::trace::{Kept, StoredRows};

/// One place in the tree: what was said up to here, and the rows of the next token.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The place before it; none at the root, where nothing is said yet.
    pub parent: Option<usize>,
    /// The token that leads here.
    pub token: TokenId,
    /// The characters that it completes.
    pub piece: String,
    /// The rows of the token that comes next, where they are known.
    pub rows: Option<StoredRows>,
    children: Vec<(TokenId, usize)>,
}

/// All places that the texts of a run have been at. A parent stands before its children; the root is the first.
#[derive(Debug, Clone)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }
}

impl Node {
    /// The tokens that texts went on with from here.
    pub(super) fn said(&self) -> Vec<TokenId> {
        self.children.iter().map(|(token, _)| *token).collect()
    }
}

impl Tree {
    /// All places.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The place that `token` leads to.
    #[must_use]
    pub fn child(&self, node: usize, token: TokenId) -> Option<usize> {
        let children = &self.nodes.get(node)?.children;
        let found = children.iter().find(|(known, _)| *known == token)?;
        Some(found.1)
    }

    /// The rows of the next token.
    #[must_use]
    pub fn rows(&self, node: usize) -> Option<&StoredRows> {
        self.nodes.get(node)?.rows.as_ref()
    }

    /// The place that `token` leads to, made where it is new.
    pub(crate) fn grow(&mut self, node: usize, token: TokenId, piece: &str) -> usize {
        if let Some(child) = self.child(node, token) {
            return child;
        }
        let child = self.nodes.len();
        self.nodes.push(Node {
            parent: Some(node),
            token,
            piece: piece.to_owned(),
            ..Node::default()
        });
        self.nodes[node].children.push((token, child));
        child
    }

    /// Puts rows where there are none or less exact ones.
    pub(crate) fn put(&mut self, node: usize, rows: StoredRows) {
        let known = &mut self.nodes[node].rows;
        if known
            .as_ref()
            .is_none_or(|known| known.kept() > rows.kept())
        {
            *known = Some(rows);
        }
    }

    /// Adds the places and rows of a text.
    pub(super) fn add(&mut self, text: &Text) {
        let mut node = 0;
        for (step, piece) in text.trace.steps().iter().zip(&text.pieces) {
            if let Some(rows) = step.stored_rows() {
                self.put(node, rows);
            }
            node = self.grow(node, step.token, piece);
        }
    }

    /// How exactly the worst rows are kept; none where there are none.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        let rows = self.nodes.iter().filter_map(|node| node.rows.as_ref());
        rows.map(StoredRows::kept).max()
    }

    /// Bytes of all rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rows = self.nodes.iter().filter_map(|node| node.rows.as_ref());
        rows.map(StoredRows::bytes).sum()
    }
}
