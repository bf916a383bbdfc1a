//! Several texts in one pass.

use super::*;

#[test]
fn rows_of_a_ragged_pass_equal_rows_alone() {
    for config in configs() {
        let decoder = tiny::decoder(config, 3).unwrap();
        let adapters: Vec<Lora> = [
            (&[Projection::Q, Projection::V][..], 3, 8),
            (&Projection::ALL[..], 2, 9),
        ]
        .map(|(targets, rank, seed)| tiny::adapter(&decoder.config, targets, rank, seed).unwrap())
        .into();
        let stack = AdapterStack::new(adapters).unwrap();
        let pasts = [text(3, 3), text(1, 5), text(17, 7), text(70, 9)];
        let news = [text(1, 4), text(5, 6), text(1, 8), text(20, 10)];
        let adapter_of = [None, Some(0), Some(1), Some(0)];
        let mut caches = Vec::new();
        let mut alone = Vec::new();
        for ((past, new), adapter) in pasts.iter().zip(&news).zip(adapter_of) {
            let with = adapter.map(|index| (&stack, index));
            let mut cache = decoder.cache().unwrap();
            read(&decoder, with, &mut cache, past);
            let mut copy = cache.fork().unwrap();
            alone.push(read(&decoder, with, &mut copy, new));
            caches.push(cache);
        }
        let mut together = vec![Vec::new(); 4];
        let mut segments: Vec<Segment<'_>> = caches
            .iter_mut()
            .zip(&news)
            .zip(adapter_of)
            .map(|((cache, tokens), adapter)| Segment {
                cache,
                adapter,
                tokens,
                wanted: Wanted::All,
            })
            .collect();
        decoder
            .forward(
                Some(&stack),
                &mut segments,
                &CancelToken::default(),
                &mut |segment, _, row| {
                    together[segment].push(row.to_vec());
                    Ok(())
                },
            )
            .unwrap();
        for (together, alone) in together.iter().zip(&alone) {
            assert_close(together, alone);
        }
    }
}

/// New tokens of several texts in one pass.
fn together(
    decoder: &Decoder,
    stack: &AdapterStack,
    caches: &mut [KvCache],
    adapters: &[Option<usize>],
    news: &[&[TokenId]],
) -> Vec<Vec<Vec<f32>>> {
    let mut rows = vec![Vec::new(); news.len()];
    let mut segments: Vec<Segment<'_>> = caches
        .iter_mut()
        .zip(adapters)
        .zip(news)
        .map(|((cache, &adapter), &tokens)| Segment {
            cache,
            adapter,
            tokens,
            wanted: Wanted::All,
        })
        .collect();
    let sink: &mut RowSink<'_> = &mut |segment, _, row| {
        rows[segment].push(row.to_vec());
        Ok(())
    };
    let never = CancelToken::default();
    decoder
        .forward(Some(stack), &mut segments, &never, sink)
        .unwrap();
    rows
}

pub(super) fn bits(rows: &[Vec<f32>]) -> Vec<Vec<u32>> {
    let bits = |row: &Vec<f32>| row.iter().map(|x| x.to_bits()).collect();
    rows.iter().map(bits).collect()
}

#[test]
fn a_step_of_many_texts_equals_each_text_alone_bit_for_bit() {
    let mut wide = tiny::config();
    (wide.hidden_size, wide.head_dim, wide.intermediate_size) = (256, 64, 512);
    let mut decoders: Vec<Decoder> = configs()
        .into_iter()
        .map(|config| tiny::decoder(config, 3).unwrap())
        .collect();
    let wide = tiny::decoder(wide, 3).unwrap();
    decoders.push(wide.packed(Format::Q8_0).unwrap());
    decoders.push(wide.packed(Format::Q4K).unwrap());
    for decoder in decoders {
        let loras =
            [8, 9].map(|seed| tiny::adapter(&decoder.config, &Projection::ALL, 3, seed).unwrap());
        let stack = AdapterStack::new(loras.into()).unwrap();
        let adapters: Vec<Option<usize>> = (0..11)
            .map(|row| [None, Some(0), Some(1)][row % 3])
            .collect();
        let mut caches: Vec<KvCache> = (0..11u32)
            .map(|row| {
                let mut cache = decoder.cache().unwrap();
                read(&decoder, None, &mut cache, &text(3 + 9 * row as usize, row));
                cache
            })
            .collect();
        let mut alone: Vec<KvCache> = caches.iter().map(|c| c.fork().unwrap()).collect();
        let news: Vec<Vec<TokenId>> = (0..11).map(|row| text(1 + row % 4, row as u32)).collect();
        let slices: Vec<&[TokenId]> = news.iter().map(Vec::as_slice).collect();
        let rows = together(&decoder, &stack, &mut caches, &adapters, &slices);
        for (row, tokens) in news.iter().enumerate() {
            // One text, one token at a time.
            for (token, expected) in tokens.iter().zip(&rows[row]) {
                let caches = std::slice::from_mut(&mut alone[row]);
                let one: &[&[TokenId]] = &[&[*token]];
                let got = together(&decoder, &stack, caches, &adapters[row..=row], one);
                assert_eq!(bits(&got[0]), bits(std::slice::from_ref(expected)));
            }
        }
    }
}
