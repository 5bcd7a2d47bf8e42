//! Draws the profile picture of the demo.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

const SIZE: u32 = 256;
const BACKGROUND: Rgb<u8> = Rgb([232, 234, 246]);
const FIGURE: Rgb<u8> = Rgb([48, 63, 159]);

/// A head and shoulders, as a PNG.
pub(super) fn draw() -> Vec<u8> {
    let is_inside = |x: u32, y: u32, (cx, cy): (u32, u32), radius: u32| {
        let (dx, dy) = (x.abs_diff(cx), y.abs_diff(cy));
        dx * dx + dy * dy < radius * radius
    };
    let picture = RgbImage::from_fn(SIZE, SIZE, |x, y| {
        let head = is_inside(x, y, (SIZE / 2, 96), 50);
        let shoulders = is_inside(x, y, (SIZE / 2, 270), 108);
        if head || shoulders {
            FIGURE
        } else {
            BACKGROUND
        }
    });
    let mut file = Vec::new();
    let result = picture.write_to(&mut Cursor::new(&mut file), ImageFormat::Png);
    if result.is_ok() { file } else { Vec::new() }
}
