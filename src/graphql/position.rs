//! Lines and columns of a document's text.

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

/// Finds the line and column of byte offsets. Offsets that increase, as those of a tree in the order of its
/// text, cost one walk over the text.
pub(super) struct Positions<'s> {
    source: &'s str,
    offset: usize,
    pos: Pos,
}

impl<'s> Positions<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, offset: 0, pos: Pos { line: 1, column: 1 } }
    }

    /// The start of a node. The tree gives every parsed node a place.
    pub(super) fn start(&mut self, span: Option<SourceSpan>) -> Pos {
        self.at(span.map_or(0, |span| span.offset()))
    }

    /// The position of an offset; the end of the text for one beyond it.
    pub(super) fn at(&mut self, offset: usize) -> Pos {
        if offset < self.offset {
            *self = Self::new(self.source);
        }
        let mut end = offset.min(self.source.len());
        while !self.source.is_char_boundary(end) {
            end -= 1;
        }
        for character in self.source[self.offset..end].chars() {
            if character == '\n' {
                self.pos = Pos { line: self.pos.line + 1, column: 1 };
            } else {
                self.pos.column += 1;
            }
        }
        self.offset = end;
        self.pos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let mut positions = Positions::new("a\nöb\n");
        // offset, line, column; the last is before the others
        for (offset, line, column) in
            [(0, 1, 1), (2, 2, 1), (4, 2, 2), (5, 2, 3), (6, 3, 1), (90, 3, 1), (1, 1, 2)]
        {
            assert_eq!(positions.at(offset), Pos { line, column }, "{offset}");
        }
    }
}
