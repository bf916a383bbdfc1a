//! Texts of models that have other positions in long texts: what was read under the others is read again.

use super::{RowSink, Segment, Wanted};
use crate::domain::CancelToken;
use crate::model::decoder::Decoder;
use crate::model::error::ModelError;
use crate::model::lora::AdapterStack;

impl Decoder {
    /// Reads the tokens of all segments; a token that is the `limit`-th of its text or an earlier one under the positions of
    /// short texts, later ones under those of long texts. A row is therefore that of the text up to its token, alone.
    pub(super) fn read_by_length(
        &self,
        limit: usize,
        adapters: Option<&AdapterStack>,
        segments: &mut [Segment<'_>],
        cancel: &CancelToken,
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        let splits: Vec<usize> = segments
            .iter()
            .map(|segment| {
                let room = limit.saturating_sub(segment.cache.len());
                match segment.wanted {
                    // Nobody wants rows of the short text.
                    Wanted::Last if room < segment.tokens.len() => 0,
                    Wanted::Last | Wanted::All => room.min(segment.tokens.len()),
                }
            })
            .collect();
        for long in [false, true] {
            let mut owners = Vec::new();
            let mut parts = Vec::new();
            for (index, (segment, &split)) in segments.iter_mut().zip(&splits).enumerate() {
                let (from, to) = if long {
                    (split, segment.tokens.len())
                } else {
                    (0, split)
                };
                if from < to {
                    self.turn(long, adapters, segment, cancel)?;
                    owners.push((index, from));
                    parts.push(Segment {
                        cache: &mut *segment.cache,
                        adapter: segment.adapter,
                        tokens: &segment.tokens[from..to],
                        wanted: segment.wanted,
                    });
                }
            }
            self.read(adapters, &mut parts, cancel, &mut |part, token, row| {
                let (segment, from) = owners[part];
                sink(segment, from + token, row)
            })?;
            for part in parts {
                part.cache.remember(part.tokens);
            }
        }
        Ok(())
    }

    /// Reads again what the cache holds, if it was read as a text of the other kind. After an error the cache is as before.
    fn turn(
        &self,
        long: bool,
        adapters: Option<&AdapterStack>,
        segment: &mut Segment<'_>,
        cancel: &CancelToken,
    ) -> Result<(), ModelError> {
        if segment.cache.long == long {
            return Ok(());
        }
        let mut fresh = self.cache()?;
        fresh.long = long;
        let told = segment.cache.told();
        if !told.is_empty() {
            let whole = Segment {
                cache: &mut fresh,
                adapter: segment.adapter,
                tokens: told,
                wanted: Wanted::Last,
            };
            self.read(adapters, &mut [whole], cancel, &mut |_, _, _| Ok(()))?;
        }
        fresh.remember(told);
        *segment.cache = fresh;
        Ok(())
    }
}
