//! Paints what the toolkit draws into a picture with the processor alone: no display, no graphics driver.
//!
//! Triangles are filled as graphics cards fill them. Corners are rounded to 1/256 of a pixel, a pixel belongs to a triangle
//! when its centre does, and a centre on an edge belongs to the triangle of which that edge is the top or the left one; with
//! whole numbers throughout, triangles that share an edge never paint a pixel twice or leave one out. Colours are multiplied
//! and blended in gamma space with premultiplied alpha, as the toolkit's own back ends do.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use egui::{Color32, ColorImage, Mesh, Rect, TextureFilter, TextureId, TexturesDelta};
use image::RgbaImage;

/// Fractions of a pixel that corners are rounded to.
const SUBPIXEL: f64 = 256.0;
const HALF: i64 = 128;
/// Corners beyond this many pixels are not painted: whole-number arithmetic stays far from its limits.
const FAR: f32 = 1_000_000.0;

struct Texture {
    image: ColorImage,
    smooth: bool,
}

/// Holds the toolkit's textures and paints with them.
#[derive(Default)]
pub struct CpuRenderer {
    textures: HashMap<TextureId, Texture>,
    /// Textures that are let go when the next frame comes.
    leaving: Vec<TextureId>,
}

impl CpuRenderer {
    /// Takes in the textures that a frame brings, and empties `delta`.
    pub fn update(&mut self, delta: &mut TexturesDelta) {
        for id in self.leaving.drain(..) {
            self.textures.remove(&id);
        }
        // In order of their names only so that there is one; textures do not depend on each other.
        let mut ids: Vec<TextureId> = delta.set.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            for part in delta.set.remove(&id).into_iter().flatten() {
                let ImageData::Color(image) = &part.image;
                let smooth = part.options.magnification == TextureFilter::Linear;
                match (part.pos, self.textures.get_mut(&id)) {
                    (None, _) => {
                        let image = (**image).clone();
                        self.textures.insert(id, Texture { image, smooth });
                    }
                    (Some(at), Some(texture)) => patch(&mut texture.image, at, image),
                    // A patch of a texture that was never sent: there is nothing to put it on.
                    (Some(_), None) => {}
                }
            }
        }
        self.leaving.extend(delta.free.drain());
    }

    /// Paints `primitives` on paper of colour `paper`; `size` is in pixels. What uses an unknown texture is left out.
    pub fn paint(
        &self,
        primitives: &[ClippedPrimitive],
        pixels_per_point: f32,
        size: [u32; 2],
        paper: Color32,
    ) -> RgbaImage {
        let mut canvas = Canvas {
            width: size[0] as usize,
            height: size[1] as usize,
            pixels: vec![paper.to_array(); size[0] as usize * size[1] as usize],
        };
        for primitive in primitives {
            let Primitive::Mesh(mesh) = &primitive.primitive else {
                continue;
            };
            if let Some(texture) = self.textures.get(&mesh.texture_id) {
                canvas.mesh(mesh, texture, primitive.clip_rect, pixels_per_point);
            }
        }
        let bytes = canvas.pixels.into_flattened();
        RgbaImage::from_raw(size[0], size[1], bytes).unwrap_or_default()
    }
}

fn patch(onto: &mut ColorImage, [left, top]: [usize; 2], part: &ColorImage) {
    let ([width, height], [part_width, part_height]) = (onto.size, part.size);
    if part_width == 0 || left + part_width > width || top + part_height > height {
        return;
    }
    for (row, pixels) in part.pixels.chunks_exact(part_width).enumerate() {
        let start = (top + row) * width + left;
        onto.pixels[start..start + part_width].copy_from_slice(pixels);
    }
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

/// Pixels that may be painted: from the first of each to before the second.
#[derive(Clone, Copy)]
struct Window {
    x: (i64, i64),
    y: (i64, i64),
}

/// A corner in 1/256 pixels.
#[derive(Clone, Copy, PartialEq)]
struct Corner {
    x: i64,
    y: i64,
}

/// One edge: a point is inside where `at + x·across + y·down` is not negative, in pixels from the first centre.
#[derive(Clone, Copy)]
struct Edge {
    at: i64,
    across: i64,
    down: i64,
}

impl Edge {
    fn new(from: Corner, to: Corner) -> Self {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        // Twice the area of (from, to, centre of pixel 0|0).
        let at = dx * (HALF - from.y) - dy * (HALF - from.x);
        let top_or_left = (dy == 0 && dx > 0) || dy < 0;
        Self {
            at: at - i64::from(!top_or_left),
            across: -dy * SUBPIXEL as i64,
            down: dx * SUBPIXEL as i64,
        }
    }

    /// Narrows `from..end`, columns of row `y`, to the inside.
    fn narrow(self, y: i64, from: &mut i64, end: &mut i64) {
        let here = self.at + y * self.down;
        if self.across > 0 {
            // here + x·across ≥ 0
            *from = (*from).max(-here.div_euclid(self.across));
        } else if self.across < 0 {
            *end = (*end).min(here.div_euclid(-self.across) + 1);
        } else if here < 0 {
            *end = *from;
        }
    }
}

impl Canvas {
    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, clip: Rect, scale: f32) {
        let side = |low: f32, high: f32, most: usize| {
            let most = most as i64;
            let pixel = |x: f32| ((x * scale).round() as i64).clamp(0, most);
            (pixel(low), pixel(high))
        };
        let window = Window {
            x: side(clip.min.x, clip.max.x, self.width),
            y: side(clip.min.y, clip.max.y, self.height),
        };
        if window.x.0 >= window.x.1 || window.y.0 >= window.y.1 {
            return;
        }
        for corners in mesh.indices.chunks_exact(3) {
            let at = |i: usize| mesh.vertices.get(corners[i] as usize);
            if let (Some(&a), Some(&b), Some(&c)) = (at(0), at(1), at(2)) {
                self.triangle([a, b, c], texture, window, scale);
            }
        }
    }

    fn triangle(&mut self, mut v: [Vertex; 3], texture: &Texture, window: Window, scale: f32) {
        let far = |vertex: &Vertex| {
            let (x, y) = (vertex.pos.x * scale, vertex.pos.y * scale);
            // Not a number is far as well.
            !(x.abs() < FAR && y.abs() < FAR)
        };
        if v.iter().any(far) {
            return;
        }
        let snap = |vertex: &Vertex| Corner {
            x: (f64::from(vertex.pos.x * scale) * SUBPIXEL).round() as i64,
            y: (f64::from(vertex.pos.y * scale) * SUBPIXEL).round() as i64,
        };
        let mut p = [snap(&v[0]), snap(&v[1]), snap(&v[2])];
        let area = |p: &[Corner; 3]| {
            (p[1].x - p[0].x) * (p[2].y - p[0].y) - (p[1].y - p[0].y) * (p[2].x - p[0].x)
        };
        let mut doubled = area(&p);
        if doubled == 0 {
            return;
        }
        if doubled < 0 {
            v.swap(1, 2);
            p.swap(1, 2);
            doubled = -doubled;
        }
        let edges = [
            Edge::new(p[1], p[2]),
            Edge::new(p[2], p[0]),
            Edge::new(p[0], p[1]),
        ];
        let lowest = |f: fn(&Corner) -> i64| p.iter().map(f).min().unwrap_or(0);
        let highest = |f: fn(&Corner) -> i64| p.iter().map(f).max().unwrap_or(0);
        let pixel = SUBPIXEL as i64;
        let left = lowest(|c| c.x).div_euclid(pixel).max(window.x.0);
        let right = (highest(|c| c.x).div_euclid(pixel) + 1).min(window.x.1);
        let top = lowest(|c| c.y).div_euclid(pixel).max(window.y.0);
        let bottom = (highest(|c| c.y).div_euclid(pixel) + 1).min(window.y.1);
        let shade = Shade::new(&v, &p, doubled, texture);
        for y in top..bottom {
            let (mut from, mut end) = (left, right);
            for edge in edges {
                edge.narrow(y, &mut from, &mut end);
            }
            if from < end {
                let start = y as usize * self.width;
                let row = &mut self.pixels[start + from as usize..start + end as usize];
                shade.fill(row, from, y);
            }
        }
    }
}

/// A value that changes evenly over a triangle.
#[derive(Clone, Copy, Default)]
struct Plane {
    at: f32,
    across: f32,
    down: f32,
}

impl Plane {
    fn new(values: [f32; 3], p: &[Corner; 3], doubled: i64) -> Self {
        if values[0].to_bits() == values[1].to_bits() && values[0].to_bits() == values[2].to_bits()
        {
            return Self {
                at: values[0],
                ..Self::default()
            };
        }
        let pixels = |value: i64| value as f64 / SUBPIXEL;
        let whole = doubled as f64 / (SUBPIXEL * SUBPIXEL);
        let [a, b, c] = values.map(f64::from);
        let (x1, y1) = (pixels(p[1].x - p[0].x), pixels(p[1].y - p[0].y));
        let (x2, y2) = (pixels(p[2].x - p[0].x), pixels(p[2].y - p[0].y));
        let across = ((b - a) * y2 - (c - a) * y1) / whole;
        let down = ((c - a) * x1 - (b - a) * x2) / whole;
        let at = a + (0.5 - pixels(p[0].x)) * across + (0.5 - pixels(p[0].y)) * down;
        Self {
            at: at as f32,
            across: across as f32,
            down: down as f32,
        }
    }

    fn value(self, x: i64, y: i64) -> f32 {
        self.at + x as f32 * self.across + y as f32 * self.down
    }
}

/// How the pixels of a triangle get their colour.
enum Shade<'a> {
    /// All the same.
    Flat([f32; 4]),
    /// From corner to corner, on a spot of the texture.
    Smooth([Plane; 4]),
    /// From the texture.
    Textured {
        color: [Plane; 4],
        u: Plane,
        v: Plane,
        texture: &'a Texture,
    },
}

impl<'a> Shade<'a> {
    fn new(v: &[Vertex; 3], p: &[Corner; 3], doubled: i64, texture: &'a Texture) -> Self {
        let [width, height] = texture.image.size;
        let colors = v.map(|vertex| vertex.color.to_array());
        let color = |texel: [f32; 4]| -> [Plane; 4] {
            std::array::from_fn(|k| {
                let values = colors.map(|color| f32::from(color[k]) * texel[k] / 255.0);
                Plane::new(values, p, doubled)
            })
        };
        if v[0].uv == v[1].uv && v[0].uv == v[2].uv {
            let spot = texture.sample(v[0].uv.x * width as f32, v[0].uv.y * height as f32);
            let color = color(spot);
            return if colors[0] == colors[1] && colors[0] == colors[2] {
                Self::Flat(color.map(|plane| plane.at))
            } else {
                Self::Smooth(color)
            };
        }
        Self::Textured {
            color: color([255.0; 4]),
            u: Plane::new(v.map(|vertex| vertex.uv.x * width as f32), p, doubled),
            v: Plane::new(v.map(|vertex| vertex.uv.y * height as f32), p, doubled),
            texture,
        }
    }

    /// Paints `row`, whose first pixel is column `x` of row `y`.
    fn fill(&self, row: &mut [[u8; 4]], x: i64, y: i64) {
        match self {
            Self::Flat(color) if color[3] >= 254.999 => row.fill(color.map(to_byte)),
            Self::Flat(color) => {
                for pixel in row {
                    blend(pixel, *color);
                }
            }
            Self::Smooth(color) => {
                for (pixel, x) in row.iter_mut().zip(x..) {
                    blend(pixel, color.map(|plane| plane.value(x, y)));
                }
            }
            Self::Textured {
                color,
                u,
                v,
                texture,
            } => {
                for (pixel, x) in row.iter_mut().zip(x..) {
                    let texel = texture.sample(u.value(x, y), v.value(x, y));
                    if texel[3] > 0.0 {
                        blend(
                            pixel,
                            std::array::from_fn(|k| color[k].value(x, y) * texel[k] / 255.0),
                        );
                    }
                }
            }
        }
    }
}

impl Texture {
    /// The colour at a point of the texture, in texels from its corner; channels from 0 to 255.
    fn sample(&self, x: f32, y: f32) -> [f32; 4] {
        let [width, height] = self.image.size;
        if width == 0 || height == 0 {
            return [0.0; 4];
        }
        let texel = |column: i64, row: i64| -> [f32; 4] {
            let column = column.clamp(0, width as i64 - 1) as usize;
            let row = row.clamp(0, height as i64 - 1) as usize;
            self.image.pixels[row * width + column]
                .to_array()
                .map(f32::from)
        };
        if !self.smooth {
            return texel(x.floor() as i64, y.floor() as i64);
        }
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right_part, low_part) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        // Letters stand on whole pixels: mostly one texel is all there is to see.
        if right_part < 1e-3 && low_part < 1e-3 {
            return texel(left, top);
        }
        let corners = [
            texel(left, top),
            texel(left + 1, top),
            texel(left, top + 1),
            texel(left + 1, top + 1),
        ];
        std::array::from_fn(|k| {
            let upper = corners[0][k] + (corners[1][k] - corners[0][k]) * right_part;
            let lower = corners[2][k] + (corners[3][k] - corners[2][k]) * right_part;
            upper + (lower - upper) * low_part
        })
    }
}

fn to_byte(channel: f32) -> u8 {
    (channel + 0.5) as u8
}

/// Lays a premultiplied colour, channels from 0 to 255, over `pixel`.
fn blend(pixel: &mut [u8; 4], color: [f32; 4]) {
    let rest = 1.0 - color[3] / 255.0;
    for (below, above) in pixel.iter_mut().zip(color) {
        *below = to_byte(above + f32::from(*below) * rest);
    }
}

#[cfg(test)]
mod tests;
