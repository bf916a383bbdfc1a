//! Whole rows as bytes.

use std::sync::Arc;

use super::{Coarse, KeptRow, KeptRows, Values};
use crate::engine::reweigh::bytes::{Reader, Writer};

impl KeptRow {
    fn write(&self, out: &mut Writer) {
        match &self.values {
            Values::Full(row) => {
                out.u8(0);
                row.iter().for_each(|&value| out.f32(value));
            }
            Values::Coarse(coarse) => {
                out.u8(1);
                out.f32(coarse.top);
                out.f32(coarse.step);
                out.f32(self.bottom);
                coarse.codes.iter().for_each(|&code| out.u16(code));
            }
        }
    }

    fn read(bytes: &mut Reader<'_>, vocabulary: usize) -> Option<Self> {
        match bytes.u8()? {
            0 => Some(Self::new(&Arc::from(bytes.f32s(vocabulary)?))),
            1 => {
                let (top, step, bottom) = (bytes.f32()?, bytes.f32()?, bytes.f32()?);
                if !(top.is_finite() && bottom.is_finite() && step.is_finite() && step >= 0.0) {
                    return None;
                }
                let codes = bytes.u16s(vocabulary)?;
                let values = Values::Coarse(Arc::new(Coarse { codes, top, step }));
                Some(Self {
                    values,
                    top,
                    bottom,
                })
            }
            _ => None,
        }
    }
}

impl KeptRows {
    /// Every row, the base's first.
    pub(crate) fn write(&self, out: &mut Writer) {
        self.each().for_each(|row| row.write(out));
    }

    /// What [`Self::write`] wrote; `None` where the bytes are not that.
    pub(crate) fn read(
        bytes: &mut Reader<'_>,
        vocabulary: usize,
        objectives: usize,
    ) -> Option<Self> {
        let base = KeptRow::read(bytes, vocabulary)?;
        let rewards = (0..objectives).map(|_| KeptRow::read(bytes, vocabulary));
        Some(Self {
            base,
            rewards: rewards.collect::<Option<_>>()?,
        })
    }

    /// Whether some row is kept in 16 bits.
    pub(crate) fn is_rounded(&self) -> bool {
        self.each()
            .any(|row| matches!(row.values, Values::Coarse(_)))
    }
}
