//! Uploaded pictures: profile pictures and app logos. They are decoded, encoded again, stored under a random
//! name, and served publicly.
//!
//! Security: an uploaded file is never stored as it was sent. The stored file is encoded from the pixels, so
//! embedded scripts, EXIF data (such as the location) and polyglot content are gone. The dimensions are read
//! from the header before any pixel is decoded, so a small file cannot allocate gigabytes of memory.

use std::io;
use std::io::Cursor;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, StatusCode, header};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use tokio::sync::Semaphore;

use crate::platform::rng::Rng;

/// The maximum file size in bytes.
const MAX_FILE_SIZE: usize = 2 * 1024 * 1024;
/// The maximum width and height of an upload, in pixels.
const MAX_SIDE: u32 = 4096;
/// The maximum width and height of a stored picture.
const MAX_STORED_SIDE: u32 = 1024;
/// The memory limit of decoding: 4096 × 4096 pixels of 16-bit RGBA are 128 MiB.
const DECODE_MEMORY: u64 = 160 * 1024 * 1024;
/// The memory limit of reading the header.
const HEADER_MEMORY: u64 = 8 * 1024 * 1024;
/// How many pictures are decoded at the same time; others wait.
const MAX_CONCURRENT: usize = 2;
const JPEG_QUALITY: u8 = 88;

/// The kind of a picture, which determines its folder and its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    ProfilePicture,
    AppLogo,
}

impl PictureKind {
    fn folder(self) -> &'static str {
        match self {
            Self::ProfilePicture => "profile_picture",
            Self::AppLogo => "app_logo",
        }
    }
}

/// The square part of a picture to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CropSquare {
    zoom: u32,
    across: u32,
    down: u32,
}

impl CropSquare {
    /// The largest square, centred.
    pub const MIDDLE: Self = Self {
        zoom: *Self::ZOOM.start(),
        across: 50,
        down: 50,
    };
    /// The zoom relative to the largest square, in percent.
    const ZOOM: RangeInclusive<u32> = 100..=400;
    /// The share of the cropped area that is on the left, or at the top, in percent.
    const OFFSET: RangeInclusive<u32> = 0..=100;

    /// `zoom` in percent, from 100 (the largest square) to 400. `across` and `down` from 0 (left, top) to
    /// 100. `None` if a value is out of range.
    pub fn new(zoom: u32, across: u32, down: u32) -> Option<Self> {
        let is_valid = Self::ZOOM.contains(&zoom)
            && Self::OFFSET.contains(&across)
            && Self::OFFSET.contains(&down);
        is_valid.then_some(Self { zoom, across, down })
    }

    fn crop(self, image: &DynamicImage) -> DynamicImage {
        let (width, height) = (image.width(), image.height());
        let side = (width.min(height) * 100 / self.zoom).max(1);
        let (left, top) = (
            (width - side) * self.across / 100,
            (height - side) * self.down / 100,
        );
        image.crop_imm(left, top, side, side)
    }
}

/// A picture that was encoded again.
#[derive(Debug, Clone)]
pub struct Picture {
    extension: &'static str,
    content: Vec<u8>,
}

/// Why a file is refused. The text is for the person who uploads it.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("This file is larger than 2 MB. Choose a smaller one.")]
    TooLarge,
    #[error(
        "This picture is larger than 4096 × 4096 pixels. Make it smaller; 1024 × 1024 is plenty."
    )]
    TooManyPixels,
    #[error("This file is not a picture we can read. Use PNG, JPEG or WebP.")]
    NotAPicture,
    #[error("This picture is damaged. Save it again as PNG or JPEG.")]
    Damaged,
}

/// The folder of pictures. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pictures {
    folder: Arc<Path>,
    decoding: Arc<Semaphore>,
}

impl Pictures {
    /// Stores pictures in `folder`, which is created with the first one.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into().into(),
            decoding: Arc::new(Semaphore::new(MAX_CONCURRENT)),
        }
    }

    /// Accepts an uploaded file: JPEG, PNG or WebP (by its first bytes, not its name) of at most 2 MiB and
    /// 4096 × 4096 pixels. Returns a picture of at most 1024 × 1024 pixels without metadata. A profile
    /// picture is cropped to a centred square.
    pub async fn accept(&self, kind: PictureKind, file: Bytes) -> Result<Picture, PictureError> {
        let crop = match kind {
            PictureKind::ProfilePicture => Some(CropSquare::MIDDLE),
            PictureKind::AppLogo => None,
        };
        self.decode_and_encode(crop, file).await
    }

    /// Like [`Self::accept`], cropped to the given square.
    pub async fn accept_square(
        &self,
        crop: CropSquare,
        file: Bytes,
    ) -> Result<Picture, PictureError> {
        self.decode_and_encode(Some(crop), file).await
    }

    async fn decode_and_encode(
        &self,
        crop: Option<CropSquare>,
        file: Bytes,
    ) -> Result<Picture, PictureError> {
        if file.len() > MAX_FILE_SIZE {
            return Err(PictureError::TooLarge);
        }
        // The semaphore is never closed.
        let permit = Arc::clone(&self.decoding).acquire_owned().await.ok();
        let encoded = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            reencode(crop, &file)
        });
        // A panic of the decoder counts as a damaged file.
        encoded.await.unwrap_or(Err(PictureError::Damaged))
    }

    /// Saves a picture under a new random name, and returns the name. Files are written atomically.
    pub async fn save(
        &self,
        kind: PictureKind,
        picture: &Picture,
        rng: &dyn Rng,
    ) -> io::Result<String> {
        let mut random = [0; 16];
        rng.fill(&mut random);
        let file = format!("{:032x}.{}", u128::from_be_bytes(random), picture.extension);
        let folder = self.folder.join(kind.folder());
        tokio::fs::create_dir_all(&folder).await?;
        let temporary = folder.join(format!(".{file}"));
        tokio::fs::write(&temporary, &picture.content).await?;
        tokio::fs::rename(&temporary, folder.join(&file)).await?;
        Ok(file)
    }

    /// Deletes a picture if it exists. A failure is only logged, because a file that stays does no harm.
    pub async fn delete(&self, kind: PictureKind, file: &str) {
        if content_type(file).is_none() {
            return;
        }
        match tokio::fs::remove_file(self.folder.join(kind.folder()).join(file)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a picture could not be deleted");
            }
            _ => {}
        }
    }

    /// The content of a picture, if it exists.
    pub async fn read(&self, kind: PictureKind, file: &str) -> Option<Vec<u8>> {
        content_type(file)?;
        tokio::fs::read(self.folder.join(kind.folder()).join(file))
            .await
            .ok()
    }

    /// Serves pictures publicly, because apps embed them in their own pages.
    pub fn routes(self) -> Router {
        let handler = |kind: PictureKind| {
            get(
                async move |State(pictures): State<Self>, UrlPath(file): UrlPath<String>| {
                    pictures.serve(kind, &file).await
                },
            )
        };
        Router::new()
            .route(
                "/media/profile_picture/{file}",
                handler(PictureKind::ProfilePicture),
            )
            .route("/media/app_logo/{file}", handler(PictureKind::AppLogo))
            .with_state(self)
    }

    async fn serve(&self, kind: PictureKind, file: &str) -> Response {
        let missing = (StatusCode::NOT_FOUND, "There is no such picture.\n");
        let Some(content_type) = content_type(file) else {
            return missing.into_response();
        };
        let path = self.folder.join(kind.folder()).join(file);
        let content = match tokio::fs::read(path).await {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return missing.into_response();
            }
            Err(error) => {
                tracing::error!(%error, "a picture could not be read");
                return (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "This picture cannot be read.\n",
                )
                    .into_response();
            }
        };
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::CONTENT_DISPOSITION, "inline"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; sandbox",
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                "cross-origin",
            ),
        ];
        (headers, content).into_response()
    }
}

/// The media type of a file name: 32 hexadecimal digits and an extension.
///
/// Security: `None` for any other name, so that a path cannot leave the folder.
fn content_type(file: &str) -> Option<&'static str> {
    let (name, extension) = file.split_once('.')?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if name.len() != 32 || !name.bytes().all(is_hex) {
        return None;
    }
    match extension {
        "jpg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        _ => None,
    }
}

fn reencode(crop: Option<CropSquare>, file: &[u8]) -> Result<Picture, PictureError> {
    let format = image::guess_format(file)
        .ok()
        .filter(|format| [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP].contains(format))
        .ok_or(PictureError::NotAPicture)?;
    // Reading the header is limited too, because it decompresses the colour profile.
    let (width, height) = limited_reader(file, format, HEADER_MEMORY)
        .into_dimensions()
        .map_err(|_| PictureError::Damaged)?;
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(PictureError::TooManyPixels);
    }
    let (image, profile) = decode(file, format).map_err(|_| PictureError::Damaged)?;
    let image = match crop {
        Some(square) => square.crop(&image),
        None => image,
    };
    let (width, height) = (image.width(), image.height());
    let image = if width > MAX_STORED_SIDE || height > MAX_STORED_SIDE {
        image.thumbnail(MAX_STORED_SIDE, MAX_STORED_SIDE)
    } else {
        image
    };
    let image = match profile.and_then(|profile| convert_to_srgb(&image, &profile)) {
        Some(converted) => converted,
        None => image,
    };
    encode(&image).map_err(|_| PictureError::Damaged)
}

/// The picture in sRGB, which is what a picture without a colour profile is taken for. Phones take pictures in
/// larger colour spaces; without the conversion they would be pale. `None` for a profile that does not fit
/// the pixels, which browsers ignore, too.
fn convert_to_srgb(image: &DynamicImage, profile: &[u8]) -> Option<DynamicImage> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (layout, pixels) = match profile.color_space {
        DataColorSpace::Rgb => (Layout::Rgba, image.to_rgba8().into_raw()),
        DataColorSpace::Gray if !image.color().has_color() => {
            (Layout::GrayAlpha, image.to_luma_alpha8().into_raw())
        }
        _ => return None,
    };
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgba, options);
    let mut converted = RgbaImage::new(image.width(), image.height());
    transform.ok()?.transform(&pixels, &mut converted).ok()?;
    Some(converted.into())
}

/// A reader with a memory limit that applies from the header on.
fn limited_reader(file: &[u8], format: ImageFormat, memory: u64) -> ImageReader<Cursor<&[u8]>> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    reader
}

/// The picture, and its colour profile if it has one.
fn decode(file: &[u8], format: ImageFormat) -> image::ImageResult<(DynamicImage, Option<Vec<u8>>)> {
    let mut reader = limited_reader(file, format, DECODE_MEMORY);
    // Larger pictures were refused before, with their own error.
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(DECODE_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // The orientation is in the EXIF data, which is dropped, so it is applied to the pixels.
    let orientation = decoder.orientation()?;
    let profile = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok((image, profile))
}

/// PNG for pictures with transparency, else JPEG.
fn encode(image: &DynamicImage) -> image::ImageResult<Picture> {
    let pixels = image.to_rgba8();
    let is_transparent = image.color().has_alpha() && pixels.pixels().any(|pixel| pixel.0[3] < 255);
    let mut content = Vec::new();
    if is_transparent {
        pixels.write_to(&mut Cursor::new(&mut content), ImageFormat::Png)?;
    } else {
        JpegEncoder::new_with_quality(&mut content, JPEG_QUALITY).encode_image(&image.to_rgb8())?;
    }
    let extension = if is_transparent { "png" } else { "jpg" };
    Ok(Picture { extension, content })
}

#[cfg(test)]
mod tests {
    use image::codecs::png::PngEncoder;
    use image::codecs::webp::WebPEncoder;
    use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, Rgba};

    use super::*;
    use crate::platform::rng::OsRng;

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut content = Vec::new();
        image
            .write_to(&mut Cursor::new(&mut content), format)
            .unwrap();
        content
    }

    /// Left half red, right half blue.
    fn flag(width: u32, height: u32) -> DynamicImage {
        let colour = |x: u32| {
            if x < width / 2 {
                [250, 10, 10]
            } else {
                [10, 10, 250]
            }
        };
        RgbImage::from_fn(width, height, |x, _| Rgb(colour(x))).into()
    }

    /// A PNG chunk: length, kind, content, CRC.
    fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
        let covered: Vec<u8> = kind.iter().chain(content).copied().collect();
        bytes.extend(&covered);
        let mut crc = u32::MAX;
        for byte in covered {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        bytes.extend((!crc).to_be_bytes());
        bytes
    }

    /// A PNG whose header states this size.
    fn png_header(width: u32, height: u32) -> Vec<u8> {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([8, 6, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(*b"IHDR", &header));
        file.extend(chunk(
            *b"IDAT",
            &[0x78, 0x9c, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1],
        ));
        file.extend(chunk(*b"IEND", &[]));
        file
    }

    /// Adds an EXIF segment with a location and an orientation.
    fn exif(jpeg: &[u8]) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
        // Orientation (0x0112), short, one value: 8, to be turned by 270 degrees.
        tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0]);
        // GPS info (0x8825), long, one value: an offset.
        tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
        tiff.extend([0, 0, 0, 0]);
        tiff.extend(b"GPS 19.1334 N 72.9133 E");
        let mut segment = b"Exif\0\0".to_vec();
        segment.extend(tiff);
        let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat()
    }

    fn make_logo(file: &[u8]) -> Result<Picture, PictureError> {
        reencode(None, file)
    }

    fn read(picture: &Picture) -> DynamicImage {
        image::load_from_memory(&picture.content).unwrap()
    }

    #[test]
    fn the_three_formats_are_accepted_and_reencoded() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let file = written(&flag(60, 40), format);
            let picture = make_logo(&file).unwrap();
            assert_eq!(picture.extension, "jpg");
            assert_ne!(picture.content, file);
            let image = read(&picture).to_rgb8();
            assert_eq!(image.dimensions(), (60, 40));
            assert!(image.get_pixel(5, 5).0[0] > 200 && image.get_pixel(55, 5).0[2] > 200);
        }
    }

    #[test]
    fn transparency_is_kept() {
        let image = RgbaImage::from_fn(8, 8, |x, _| Rgba([0, 0, 0, if x < 4 { 0 } else { 255 }]));
        let picture = make_logo(&written(&image.into(), ImageFormat::WebP)).unwrap();
        assert_eq!(picture.extension, "png");
        assert_eq!(read(&picture).to_rgba8().get_pixel(1, 1).0[3], 0);
        let opaque = RgbaImage::from_pixel(8, 8, Rgba([1, 2, 3, 255]));
        let picture = make_logo(&written(&opaque.into(), ImageFormat::Png)).unwrap();
        assert_eq!(picture.extension, "jpg");
    }

    #[test]
    fn large_pictures_are_scaled_down_with_their_aspect_ratio() {
        let picture = make_logo(&written(&flag(4096, 1024), ImageFormat::Png)).unwrap();
        let image = read(&picture);
        assert_eq!((image.width(), image.height()), (1024, 256));
    }

    #[test]
    fn profile_pictures_are_cropped_to_the_centre() {
        for (width, height, side) in [(60, 40, 40), (40, 60, 40), (4096, 1200, 1024), (4096, 1, 1)]
        {
            let file = written(&flag(width, height), ImageFormat::Png);
            let picture = reencode(Some(CropSquare::MIDDLE), &file).unwrap();
            let image = read(&picture).to_rgb8();
            assert_eq!(image.dimensions(), (side, side), "{width} × {height}");
            if side > 1 {
                let ends = [
                    image.get_pixel(1, side / 2),
                    image.get_pixel(side - 2, side / 2),
                ];
                assert!(
                    ends[0].0[0] > 200 && ends[1].0[2] > 200,
                    "{width} × {height}"
                );
            }
        }
    }

    #[test]
    fn the_crop_has_the_chosen_position() {
        let crop = |zoom, across| {
            let square = CropSquare::new(zoom, across, 0).unwrap();
            let file = written(&flag(400, 200), ImageFormat::Png);
            let image = read(&reencode(Some(square), &file).unwrap()).to_rgb8();
            let side = image.width();
            let red = |x| image.get_pixel(x, side / 2).0[0] > 200;
            (side, red(1), red(side - 2))
        };
        assert_eq!(crop(100, 0), (200, true, true));
        assert_eq!(crop(100, 50), (200, true, false));
        assert_eq!(crop(100, 100), (200, false, false));
        assert_eq!(crop(400, 50), (50, true, false));
        assert_eq!(crop(400, 40), (50, true, true));
        assert_eq!(crop(300, 100), (66, false, false));
    }

    #[test]
    fn a_crop_is_always_inside_the_picture() {
        for (zoom, across, down) in [(99, 0, 0), (401, 0, 0), (100, 101, 0), (100, 0, u32::MAX)] {
            assert_eq!(CropSquare::new(zoom, across, down), None);
        }
        for (width, height) in [(1, 1), (4096, 1), (1, 4096), (3, 2)] {
            for (zoom, place) in [(100, 0), (400, 100), (399, 99)] {
                let square = CropSquare::new(zoom, place, place).unwrap();
                let crop = square.crop(&flag(width, height));
                assert_eq!(crop.width(), crop.height());
            }
        }
    }

    #[test]
    fn too_many_pixels_are_refused_by_the_header() {
        for (width, height) in [(50_000, 50_000), (4097, 1), (1, 4097), (100_000, 1)] {
            let refused = make_logo(&png_header(width, height));
            assert!(
                matches!(refused, Err(PictureError::TooManyPixels)),
                "{width} × {height}"
            );
        }
    }

    #[test]
    fn missing_pixels_are_damage() {
        let refused = make_logo(&png_header(4096, 4096));
        assert!(matches!(refused, Err(PictureError::Damaged)));
    }

    #[test]
    fn other_file_types_are_refused() {
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
        let avif = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B";
        let html = b"<!doctype html><script>alert(1)</script>";
        for file in [
            &gif[..],
            svg,
            avif,
            html,
            b"",
            b"\x89PNG",
            b"BM",
            b"%PDF-1.7",
        ] {
            assert!(matches!(make_logo(file), Err(PictureError::NotAPicture)));
        }
    }

    #[test]
    fn appended_data_is_removed() {
        let script = b"<script>alert(document.domain)</script>";
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut file = written(&flag(20, 20), format);
            file.extend(script);
            let Ok(picture) = make_logo(&file) else {
                continue;
            };
            let found = picture.content.windows(7).any(|bytes| bytes == b"<script");
            assert!(!found, "{format:?}");
        }
        let mut file = png_header(1, 1);
        file.splice(
            33..33,
            chunk(*b"tEXt", b"Comment\0<script>alert(1)</script>"),
        );
        assert!(make_logo(&file).is_err());
    }

    #[test]
    fn exif_data_is_removed_and_the_orientation_applied() {
        let file = exif(&written(&flag(60, 40), ImageFormat::Jpeg));
        let picture = make_logo(&file).unwrap();
        let found = |what: &[u8]| {
            picture
                .content
                .windows(what.len())
                .any(|bytes| bytes == what)
        };
        assert!(!found(b"Exif") && !found(b"GPS"));
        let image = read(&picture).to_rgb8();
        assert_eq!(image.dimensions(), (40, 60));
        assert!(
            image.get_pixel(20, 55).0[0] > 200,
            "the left is at the bottom"
        );
    }

    #[test]
    fn truncated_files_never_panic() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let file = written(&flag(64, 64), format);
            for length in 0..file.len() {
                let _ = make_logo(&file[..length]);
            }
        }
        let png = written(&flag(64, 64), ImageFormat::Png);
        assert!(make_logo(&png[..png.len() / 2]).is_err());
    }

    #[tokio::test]
    async fn a_file_larger_than_two_mebibytes_is_not_decoded() {
        let pictures = Pictures::new("/nonexistent");
        let refused = pictures
            .accept(
                PictureKind::AppLogo,
                Bytes::from(vec![0; MAX_FILE_SIZE + 1]),
            )
            .await;
        assert!(matches!(refused, Err(PictureError::TooLarge)));
    }

    #[test]
    fn only_generated_names_are_served() {
        let name = "0123456789abcdef0123456789abcdef";
        assert_eq!(content_type(&format!("{name}.jpg")), Some("image/jpeg"));
        for file in [
            format!("{name}.svg"),
            format!("{name}.jpg.html"),
            format!("../{name}.jpg"),
            format!("{}.jpg", name.to_uppercase()),
            "../../secret".to_owned(),
            String::new(),
        ] {
            assert_eq!(content_type(&file), None, "{file}");
        }
    }

    #[tokio::test]
    async fn a_picture_is_saved_served_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::new(folder.path());
        let file = Bytes::from(written(&flag(8, 8), ImageFormat::Png));
        let picture = pictures.accept(PictureKind::AppLogo, file).await.unwrap();
        let name = pictures
            .save(PictureKind::AppLogo, &picture, &OsRng)
            .await
            .unwrap();
        let answer = pictures.serve(PictureKind::AppLogo, &name).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "image/jpeg");
        assert_eq!(
            answer.headers()["cross-origin-resource-policy"],
            "cross-origin"
        );
        let other = pictures.serve(PictureKind::ProfilePicture, &name).await;
        assert_eq!(other.status(), StatusCode::NOT_FOUND);
        pictures.delete(PictureKind::AppLogo, &name).await;
        let answer = pictures.serve(PictureKind::AppLogo, &name).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }

    /// A picture of one colour with this colour profile.
    fn with_profile(
        mut encoder: impl ImageEncoder,
        profile: &ColorProfile,
        (pixel, kind): (&[u8], ExtendedColorType),
    ) {
        encoder.set_icc_profile(profile.encode().unwrap()).unwrap();
        let pixels = pixel.repeat(64 * 64);
        encoder.write_image(&pixels, 64, 64, kind).unwrap();
    }

    fn stored_pixel(file: &[u8]) -> [u8; 4] {
        let picture = reencode(None, file).unwrap();
        let image = image::load_from_memory(&picture.content).unwrap();
        image.to_rgba8().get_pixel(32, 32).0
    }

    fn is_near(found: [u8; 4], expected: [u8; 4]) -> bool {
        found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 4)
    }

    #[test]
    fn colours_beyond_srgb_are_converted() {
        let p3 = ColorProfile::new_display_p3();
        // Of Display P3 (#b43c3c, by the matrices of CSS Color 4) the same colour in sRGB is redder.
        let (rgb, expected) = ([180, 60, 60], [196, 47, 54, 255]);
        let mut files = [Vec::new(), Vec::new(), Vec::new()];
        let [jpeg, png, webp] = &mut files;
        let pixel = (&rgb[..], ExtendedColorType::Rgb8);
        with_profile(JpegEncoder::new_with_quality(jpeg, 100), &p3, pixel);
        with_profile(PngEncoder::new(png), &p3, pixel);
        with_profile(WebPEncoder::new_lossless(webp), &p3, pixel);
        for file in files {
            let found = stored_pixel(&file);
            assert!(is_near(found, expected), "{found:?}");
        }
        let mut transparent = Vec::new();
        let pixel = (&[180, 60, 60, 100][..], ExtendedColorType::Rgba8);
        with_profile(PngEncoder::new(&mut transparent), &p3, pixel);
        let found = stored_pixel(&transparent);
        assert!(is_near(found, [196, 47, 54, 100]), "{found:?}");
    }

    #[test]
    fn a_profile_of_srgb_or_of_other_pixels_changes_no_colour() {
        let srgb = ColorProfile::new_srgb();
        let grey = ColorProfile::new_gray_with_gamma(1.0);
        let pixel = (&[180, 60, 60][..], ExtendedColorType::Rgb8);
        for profile in [&srgb, &grey] {
            let mut file = Vec::new();
            with_profile(PngEncoder::new(&mut file), profile, pixel);
            let found = stored_pixel(&file);
            assert!(is_near(found, [180, 60, 60, 255]), "{found:?}");
        }
        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        encoder.set_icc_profile(b"no profile".to_vec()).unwrap();
        let pixels = [180, 60, 60].repeat(64 * 64);
        encoder
            .write_image(&pixels, 64, 64, ExtendedColorType::Rgb8)
            .unwrap();
        assert!(is_near(stored_pixel(&file), [180, 60, 60, 255]));
        // Linear grey is lighter in sRGB.
        let mut file = Vec::new();
        let pixel = (&[55][..], ExtendedColorType::L8);
        with_profile(PngEncoder::new(&mut file), &grey, pixel);
        let found = stored_pixel(&file);
        assert!(is_near(found, [128, 128, 128, 255]), "{found:?}");
    }

    #[test]
    fn a_compressed_colour_profile_cannot_allocate_gigabytes() {
        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        encoder.set_icc_profile(vec![0; 200 << 20]).unwrap();
        encoder
            .write_image(&[0; 4], 1, 1, ExtendedColorType::Rgba8)
            .unwrap();
        assert!(file.len() < MAX_FILE_SIZE, "{}", file.len());
        // A profile above the memory limit is ignored, when reading the header and when decoding.
        for memory in [HEADER_MEMORY, DECODE_MEMORY] {
            let mut decoder = limited_reader(&file, ImageFormat::Png, memory)
                .into_decoder()
                .unwrap();
            assert!(decoder.icc_profile().unwrap().is_none());
        }
    }
}
