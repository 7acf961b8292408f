//! A wgpu device that draws into memory.

use overread_imaging::frame::Frame;
use overread_imaging::view::View;
use overread_imaging::voi::Voi;
use overread_shaders::{LUT_ROW, PRESENT_WGSL};

use crate::prepare::prepare;

/// Why a picture cannot be drawn here; callers fall back to the reference renderer.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No adapter.
    #[error("this machine has no graphics adapter that can be used: {0}")]
    NoAdapter(String),
    /// The picture is larger than a texture may be.
    #[error("the picture is larger than the graphics adapter allows ({0} px)")]
    TooLarge(u32),
    /// The device failed.
    #[error("the graphics device failed: {0}")]
    Device(String),
}

/// The shader's two fragment stages.
#[derive(Debug)]
struct Pipelines {
    all: wgpu::RenderPipeline,
    window: wgpu::RenderPipeline,
}

/// A device with the presentation pipeline.
#[derive(Debug)]
pub struct Renderer {
    adapter: String,
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: Pipelines,
    layout: wgpu::BindGroupLayout,
    largest: u32,
}

impl Renderer {
    /// Opens the machine's adapter; a software one counts.
    ///
    /// # Errors
    /// [`RenderError::NoAdapter`], [`RenderError::Device`].
    pub fn new() -> Result<Self, RenderError> {
        pollster::block_on(Self::open())
    }

    async fn open() -> Result<Self, RenderError> {
        // OpenGL only where nothing better is: merely looking for it makes drivers complain on a machine without a screen.
        let adapter = match Self::adapter_of(wgpu::Backends::PRIMARY).await {
            Ok(adapter) => adapter,
            Err(_) => Self::adapter_of(wgpu::Backends::all()).await?,
        };
        let limits = adapter.limits();
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                required_limits: wgpu::Limits {
                    max_texture_dimension_2d: limits.max_texture_dimension_2d,
                    ..wgpu::Limits::downlevel_webgl2_defaults()
                },
                ..Default::default()
            })
            .await
            .map_err(|e| RenderError::Device(e.to_string()))?;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("present"),
            source: wgpu::ShaderSource::Wgsl(PRESENT_WGSL.into()),
        });
        let texture = |binding, sample_type| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Texture {
                sample_type,
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let float = wgpu::TextureSampleType::Float { filterable: false };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("present"),
            entries: &[
                wgpu::BindGroupLayoutEntry {
                    binding: 0,
                    visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Uniform,
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                },
                texture(1, wgpu::TextureSampleType::Uint),
                texture(2, float),
                texture(3, float),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("present"),
            bind_group_layouts: &[Some(&layout)],
            ..Default::default()
        });
        let pipeline = |fragment| {
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some("present"),
                layout: Some(&pipeline_layout),
                vertex: wgpu::VertexState {
                    module: &module,
                    entry_point: Some("vs_main"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    buffers: &[],
                },
                primitive: wgpu::PrimitiveState::default(),
                depth_stencil: None,
                multisample: wgpu::MultisampleState::default(),
                fragment: Some(wgpu::FragmentState {
                    module: &module,
                    entry_point: Some(fragment),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    targets: &[Some(wgpu::TextureFormat::Rgba8Unorm.into())],
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        let pipelines = Pipelines {
            all: pipeline("fs_main"),
            window: pipeline("fs_window"),
        };
        let info = adapter.get_info();
        Ok(Self {
            adapter: format!("{} ({:?})", info.name, info.backend),
            device,
            queue,
            pipelines,
            layout,
            largest: limits.max_texture_dimension_2d,
        })
    }

    async fn adapter_of(backends: wgpu::Backends) -> Result<wgpu::Adapter, RenderError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        instance
            .request_adapter(&wgpu::RequestAdapterOptions::default())
            .await
            .map_err(|e| RenderError::NoAdapter(e.to_string()))
    }

    /// The adapter's name and backend.
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// Draws a frame: RGBA, top row first.
    ///
    /// # Errors
    /// [`RenderError::TooLarge`], [`RenderError::Device`].
    pub fn render(&mut self, frame: &Frame, voi: &Voi, view: &View) -> Result<Vec<u8>, RenderError> {
        let a = &frame.attributes;
        let largest = [view.width, view.height, a.columns, a.rows]
            .into_iter()
            .max()
            .unwrap_or(0);
        if largest > self.largest || view.width == 0 || view.height == 0 {
            return Err(RenderError::TooLarge(self.largest));
        }
        let prepared = prepare(frame, voi, view);
        let format = match (prepared.kind, prepared.bytes_per_pixel) {
            (7, _) => wgpu::TextureFormat::Rgba8Uint,
            (_, 1) => wgpu::TextureFormat::R8Uint,
            (_, 2) => wgpu::TextureFormat::R16Uint,
            _ => wgpu::TextureFormat::R32Uint,
        };
        let pixels = self.texture(
            a.columns,
            a.rows,
            format,
            prepared.bytes_per_pixel,
            &prepared.pixels,
        );
        let modality = self.table(&prepared.modality_lut);
        let voi_table = self.table(&prepared.voi_lut);
        let uniforms = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("present"),
            size: overread_shaders::uniforms::BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.queue
            .write_buffer(&uniforms, 0, &prepared.uniforms.to_bytes());
        let bind_group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("present"),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: uniforms.as_entire_binding(),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::TextureView(&pixels),
                },
                wgpu::BindGroupEntry {
                    binding: 2,
                    resource: wgpu::BindingResource::TextureView(&modality),
                },
                wgpu::BindGroupEntry {
                    binding: 3,
                    resource: wgpu::BindingResource::TextureView(&voi_table),
                },
            ],
        });
        let pipeline = if prepared.uniforms.is_window() {
            &self.pipelines.window
        } else {
            &self.pipelines.all
        };
        self.draw(pipeline, &bind_group, view.width, view.height)
    }

    fn draw(
        &self,
        pipeline: &wgpu::RenderPipeline,
        bind_group: &wgpu::BindGroup,
        width: u32,
        height: u32,
    ) -> Result<Vec<u8>, RenderError> {
        let size = wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        };
        let target = self.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let stride =
            (width * 4).div_ceil(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT) * wgpu::COPY_BYTES_PER_ROW_ALIGNMENT;
        let readback = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: u64::from(stride) * u64::from(height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = self
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let view = target.create_view(&wgpu::TextureViewDescriptor::default());
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("present"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..Default::default()
            });
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bind_group, &[]);
            pass.draw(0..3, 0..1);
        }
        encoder.copy_texture_to_buffer(
            target.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &readback,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(stride),
                    rows_per_image: None,
                },
            },
            size,
        );
        self.queue.submit([encoder.finish()]);
        let slice = readback.slice(..);
        slice.map_async(wgpu::MapMode::Read, |_| {});
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|e| RenderError::Device(e.to_string()))?;
        let mapped = slice
            .get_mapped_range()
            .map_err(|e| RenderError::Device(e.to_string()))?;
        let row = width as usize * 4;
        Ok(mapped
            .chunks_exact(stride as usize)
            .flat_map(|line| line[..row].to_vec())
            .collect())
    }

    fn texture(
        &self,
        width: u32,
        height: u32,
        format: wgpu::TextureFormat,
        each: u32,
        bytes: &[u8],
    ) -> wgpu::TextureView {
        let size = wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        };
        let texture = self.device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        self.queue.write_texture(
            texture.as_image_copy(),
            bytes,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width * each),
                rows_per_image: None,
            },
            size,
        );
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    /// A table as a texture, a row of [`LUT_ROW`] entries after the other; a single 0 when empty.
    fn table(&self, entries: &[f32]) -> wgpu::TextureView {
        let rows = u32::try_from(entries.len())
            .unwrap_or(u32::MAX)
            .div_ceil(LUT_ROW)
            .max(1);
        let mut padded = entries.to_vec();
        padded.resize((rows * LUT_ROW) as usize, 0.0);
        let bytes: Vec<u8> = padded.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.texture(LUT_ROW, rows, wgpu::TextureFormat::R32Float, 4, &bytes)
    }
}
