//! Tests of the renderer: triangles, textures, clipping, blending.

use super::*;
use egui::{pos2, vec2};

fn white() -> CpuRenderer {
    let mut renderer = CpuRenderer::default();
    let image = ColorImage::filled([1, 1], Color32::WHITE);
    renderer.textures.insert(
        TextureId::default(),
        Texture {
            image,
            smooth: true,
        },
    );
    renderer
}

fn primitive(mesh: Mesh) -> ClippedPrimitive {
    ClippedPrimitive {
        clip_rect: Rect::from_min_size(pos2(0.0, 0.0), vec2(100.0, 100.0)),
        primitive: Primitive::Mesh(mesh),
    }
}

fn rectangle(rect: Rect, color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(rect, color);
    mesh
}

#[test]
fn a_rectangle_covers_its_pixels_and_no_others() {
    let rect = Rect::from_min_max(pos2(1.0, 2.0), pos2(4.0, 3.0));
    let picture = white().paint(
        &[primitive(rectangle(rect, Color32::RED))],
        2.0,
        [12, 10],
        Color32::BLACK,
    );
    for (x, y, pixel) in picture.enumerate_pixels() {
        let inside = (2..8).contains(&x) && (4..6).contains(&y);
        assert_eq!(pixel.0[0] == 255, inside, "{x}|{y}");
        assert_eq!(pixel.0[3], 255);
    }
}

#[test]
fn triangles_that_share_edges_paint_every_pixel_once() {
    // A fan of odd triangles around an odd point, half transparent: a pixel painted twice would be lighter.
    let half = Color32::from_rgba_premultiplied(100, 100, 100, 128);
    let mut mesh = Mesh::default();
    let rim = [
        (0.3, 0.2),
        (17.7, 1.9),
        (31.2, 0.1),
        (30.4, 15.5),
        (31.9, 30.8),
        (14.1, 31.3),
        (0.7, 30.2),
        (1.1, 12.6),
    ];
    mesh.colored_vertex(pos2(13.37, 11.11), half);
    for (x, y) in rim {
        mesh.colored_vertex(pos2(x, y), half);
    }
    for i in 0..8 {
        mesh.add_triangle(0, 1 + i, 1 + (i + 1) % 8);
    }
    let picture = white().paint(&[primitive(mesh)], 1.0, [32, 32], Color32::BLACK);
    for (x, y, pixel) in picture.enumerate_pixels() {
        if (3..29).contains(&x) && (3..29).contains(&y) {
            assert_eq!(pixel.0[0], 100, "{x}|{y}");
        }
        assert!(pixel.0[0] <= 100);
    }
}

#[test]
fn colours_run_evenly_from_corner_to_corner() {
    let mut mesh = Mesh::default();
    for (x, y, shade) in [
        (0.0, 0.0, 0),
        (10.0, 0.0, 200),
        (0.0, 10.0, 0),
        (10.0, 10.0, 200),
    ] {
        mesh.colored_vertex(pos2(x, y), Color32::from_gray(shade));
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(2, 1, 3);
    let picture = white().paint(&[primitive(mesh)], 1.0, [10, 10], Color32::WHITE);
    for (x, _, pixel) in picture.enumerate_pixels() {
        assert_eq!(u32::from(pixel.0[0]), x * 20 + 10);
    }
}

#[test]
fn nothing_is_painted_beyond_the_clip_rectangle() {
    let mut primitive = primitive(rectangle(Rect::EVERYTHING, Color32::RED));
    let wide = Rect::from_min_max(pos2(-50.0, -50.0), pos2(500.0, 500.0));
    primitive.primitive = Primitive::Mesh(rectangle(wide, Color32::RED));
    primitive.clip_rect = Rect::from_min_max(pos2(2.0, 2.0), pos2(5.0, 4.0));
    let picture = white().paint(&[primitive], 1.0, [8, 8], Color32::BLACK);
    let red = picture.pixels().filter(|pixel| pixel.0[0] == 255).count();
    assert_eq!(red, 6);
}

#[test]
fn odd_input_paints_nothing_and_does_not_stop() {
    let endless = rectangle(
        Rect::from_min_max(pos2(f32::NAN, 0.0), pos2(f32::INFINITY, 5.0)),
        Color32::RED,
    );
    let mut unknown = rectangle(
        Rect::from_min_size(pos2(0.0, 0.0), vec2(5.0, 5.0)),
        Color32::RED,
    );
    unknown.texture_id = TextureId::User(7);
    let broken = Mesh {
        indices: vec![0, 1, 2],
        ..Mesh::default()
    };
    let picture = white().paint(
        &[primitive(endless), primitive(unknown), primitive(broken)],
        1.0,
        [8, 8],
        Color32::BLACK,
    );
    assert!(picture.pixels().all(|pixel| pixel.0 == [0, 0, 0, 255]));
    assert_eq!(white().paint(&[], 1.0, [0, 0], Color32::BLACK).width(), 0);
}

#[test]
fn a_texture_is_patched_and_let_go() {
    let mut renderer = CpuRenderer::default();
    let id = TextureId::User(1);
    let mut delta = TexturesDelta::default();
    let whole = ColorImage::filled([4, 4], Color32::BLACK);
    delta.set.insert(
        id,
        [
            egui::epaint::ImageDelta::full(whole, egui::TextureOptions::NEAREST),
            egui::epaint::ImageDelta::partial(
                [1, 2],
                ColorImage::filled([2, 1], Color32::WHITE),
                egui::TextureOptions::NEAREST,
            ),
        ]
        .into_iter()
        .collect(),
    );
    renderer.update(&mut delta);
    assert!(delta.is_empty());
    let texture = &renderer.textures[&id];
    assert_eq!(
        texture.sample(1.5, 2.5).map(f32::to_bits),
        [255f32.to_bits(); 4]
    );
    assert_eq!(texture.sample(3.5, 2.5)[0].to_bits(), 0f32.to_bits());
    delta.free.insert(id);
    renderer.update(&mut delta);
    assert!(
        renderer.textures.contains_key(&id),
        "the frame that frees it still shows it"
    );
    renderer.update(&mut delta);
    assert!(renderer.textures.is_empty());
}
