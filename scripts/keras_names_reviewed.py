"""TensorFlow functions that a Keras 2 model may name in a `TFOpLambda` layer: they compute on tensors, nothing else.

Reviewed by hand. Not here, on purpose: everything under `io`, `raw_ops`, `data`, `saved_model`, `debugging`,
`summary` and `autograph`; `py_function`, `numpy_function`, `print`; what takes a Python function (`map_fn`, ...).
"""

TENSORFLOW = {
    "": """
        abs acos acosh add add_n argmax argmin argsort as_string asin asinh atan atan2 atanh batch_to_space bitcast
        boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to cast ceil clip_by_global_norm
        clip_by_norm clip_by_value complex concat constant convert_to_tensor cos cosh cumsum diag_part dim divide
        dynamic_partition dynamic_stitch edit_distance einsum ensure_shape equal exp expand_dims expm1
        extract_volume_patches eye fill fingerprint floor floordiv floormod gather gather_nd greater greater_equal
        histogram_fixed_width histogram_fixed_width_bins identity identity_n invert_permutation is_tensor less
        less_equal linspace log log1p log_sigmoid logical_and logical_not logical_or logical_xor matmul maximum
        meshgrid minimum mod multiply negative no_op norm not_equal one_hot ones ones_like pad parallel_stack pow
        range rank realdiv reciprocal reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min
        reduce_prod reduce_sum repeat reshape reverse reverse_sequence roll round rsqrt saturate_cast scalar_mul
        scatter_nd searchsorted sequence_mask shape shape_n sigmoid sign sin sinh size slice sort space_to_batch
        space_to_batch_nd split sqrt square squared_difference squeeze stack stop_gradient strided_slice subtract tan
        tanh tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub
        tensor_scatter_nd_update tensordot tile transpose transpose_v2 truediv truncatediv truncatemod unique
        unique_with_counts unravel_index unstack where where_v2 zeros zeros_like
    """,
    "__operators__": """
        abs add and div eq floordiv ge getitem gt invert le lt matmul mod mul ne neg or pow radd ragged_getitem rand
        rdiv rfloordiv rmatmul rmod rmul ror rpow rsub rtruediv rxor slice sub truediv xor
    """,
    "math": """
        abs accumulate_n acos acosh add add_n angle approx_max_k approx_min_k argmax argmin asin asinh atan atan2
        atanh bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bincount ceil confusion_matrix conj cos cosh
        count_nonzero cumprod cumsum cumulative_logsumexp digamma divide divide_no_nan equal erf erfc erfcinv erfinv
        exp expm1 floor floordiv floormod greater greater_equal igamma igammac imag in_top_k invert_permutation
        is_finite is_inf is_nan is_non_decreasing is_strictly_increasing l2_normalize lbeta less less_equal lgamma log
        log1p log_sigmoid log_softmax logical_and logical_not logical_or logical_xor maximum minimum mod multiply
        multiply_no_nan ndtri negative nextafter not_equal polygamma polyval pow real reciprocal reciprocal_no_nan
        reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod
        reduce_std reduce_sum reduce_variance rint round rsqrt scalar_mul segment_max segment_mean segment_min
        segment_prod segment_sum sigmoid sign sin sinh sobol_sample softmax softplus softsign sqrt square
        squared_difference subtract tan tanh top_k truediv unsorted_segment_max unsorted_segment_mean
        unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlog1py xlogy
        zero_fraction zeta
    """,
    "nn": """
        approx_max_k approx_min_k atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d avg_pool3d
        batch_norm_with_global_normalization batch_normalization bias_add collapse_repeated conv1d conv1d_transpose
        conv2d conv2d_transpose conv3d conv3d_transpose conv_transpose convolution crelu ctc_beam_search_decoder
        ctc_greedy_decoder ctc_loss ctc_unique_labels depth_to_space depthwise_conv2d dilation2d dropout elu
        embedding_lookup erosion2d fractional_avg_pool fractional_max_pool gelu in_top_k isotonic_regression l2_loss
        l2_normalize leaky_relu local_response_normalization log_poisson_loss log_softmax lrn max_pool max_pool1d
        max_pool2d max_pool3d max_pool_with_argmax moments normalize_moments pool relu relu6 selu separable_conv2d
        sigmoid sigmoid_cross_entropy_with_logits silu softmax softmax_cross_entropy_with_logits softplus softsign
        space_to_batch space_to_depth sparse_softmax_cross_entropy_with_logits sufficient_statistics swish tanh top_k
        weighted_cross_entropy_with_logits weighted_moments with_space_to_batch zero_fraction
    """,
    "linalg": """
        adjoint band_part cholesky cholesky_solve cross det diag diag_part eig eigh eigvals eigvalsh einsum expm eye
        global_norm inv l2_normalize logdet logm lstsq lu lu_matrix_inverse lu_reconstruct lu_solve matmul matrix_rank
        matrix_transpose matvec norm normalize pinv qr set_diag slogdet solve sqrtm svd tensor_diag tensor_diag_part
        tensordot trace triangular_solve tridiagonal_matmul tridiagonal_solve
    """,
    "image": """
        adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_jpeg_quality adjust_saturation central_crop
        combined_non_max_suppression convert_image_dtype crop_and_resize crop_to_bounding_box extract_glimpse
        extract_patches flip_left_right flip_up_down grayscale_to_rgb hsv_to_rgb image_gradients non_max_suppression
        non_max_suppression_overlaps non_max_suppression_padded non_max_suppression_with_scores pad_to_bounding_box
        per_image_standardization psnr random_brightness random_contrast random_crop random_flip_left_right
        random_flip_up_down random_hue random_saturation resize resize_bicubic resize_bilinear resize_image_with_pad
        resize_images resize_nearest_neighbor resize_with_crop_or_pad resize_with_pad rgb_to_grayscale rgb_to_hsv
        rgb_to_yiq rgb_to_yuv rot90 sobel_edges ssim ssim_multiscale total_variation transpose yiq_to_rgb yuv_to_rgb
    """,
    "signal": """
        dct fft fft2d fft3d fftshift frame hamming_window hann_window idct ifft ifft2d ifft3d ifftshift inverse_mdct
        inverse_stft inverse_stft_window_fn irfft irfft2d irfft3d kaiser_window linear_to_mel_weight_matrix mdct
        mfccs_from_log_mel_spectrograms overlap_and_add rfft rfft2d rfft3d stft vorbis_window
    """,
    "strings": """
        as_string bytes_split join length lower ngrams reduce_join regex_full_match regex_replace split strip substr
        to_hash_bucket to_hash_bucket_fast to_hash_bucket_strong to_number unicode_decode unicode_encode
        unicode_script unicode_split unicode_transcode unsorted_segment_join upper
    """,
    "random": """
        categorical fixed_unigram_candidate_sampler gamma log_uniform_candidate_sampler normal poisson shuffle
        stateless_binomial stateless_categorical stateless_gamma stateless_normal stateless_poisson
        stateless_truncated_normal stateless_uniform truncated_normal uniform
    """,
    "bitwise": """
        bitwise_and bitwise_or bitwise_xor invert left_shift right_shift
    """,
    "quantization": """
        dequantize fake_quant_with_min_max_args fake_quant_with_min_max_vars fake_quant_with_min_max_vars_per_channel
        quantize quantize_and_dequantize quantize_and_dequantize_v2 quantized_concat
    """,
    "ragged": """
        boolean_mask constant cross cross_hashed range row_splits_to_segment_ids segment_ids_to_row_splits stack
        stack_dynamic_partitions
    """,
    "sparse": """
        add concat cross cross_hashed expand_dims eye fill_empty_rows mask maximum minimum reduce_max reduce_sum
        reorder reset_shape reshape retain segment_mean segment_sqrt_n segment_sum slice softmax sparse_dense_matmul
        split to_dense to_indicator transpose
    """,
    "sets": """
        difference intersection size union
    """,
    "keras.backend": """
        abs all any arange argmax argmin batch_dot batch_flatten batch_normalization bias_add binary_crossentropy cast
        cast_to_floatx categorical_crossentropy clip concatenate conv1d conv2d conv3d cos cumprod cumsum dot dropout
        elu equal exp expand_dims flatten gather greater greater_equal hard_sigmoid l2_normalize less less_equal log
        max maximum mean min minimum not_equal one_hot ones_like permute_dimensions pool2d pool3d pow prod relu repeat
        repeat_elements reshape resize_images resize_volumes reverse round shape sigmoid sign sin softmax softplus
        softsign spatial_2d_padding spatial_3d_padding sqrt square squeeze stack std stop_gradient sum switch tanh
        temporal_padding tile transpose var zeros_like
    """,
}
"""Functions by module; "" is TensorFlow's own top level."""
MEMBERS = """
    bounding_shape cast dtype flat_values get_shape indices merge_dims ndims nested_row_lengths nested_row_splits
    nrows ragged_rank rank row_lengths row_limits row_splits row_starts set_shape shape sparse_tensor to_list
    to_sparse to_tensor uniform_row_length value_rowids values with_flat_values with_row_splits_dtype with_values
"""
"""Members of tensors that an `InstanceProperty` or `InstanceMethod` layer may name."""
BUILDERS = """
    RaggedTensor.from_nested_row_lengths RaggedTensor.from_nested_row_splits RaggedTensor.from_nested_value_rowids
    RaggedTensor.from_row_lengths RaggedTensor.from_row_limits RaggedTensor.from_row_splits
    RaggedTensor.from_row_starts RaggedTensor.from_sparse RaggedTensor.from_tensor
    RaggedTensor.from_uniform_row_length RaggedTensor.from_value_rowids SparseTensor.from_value
"""
"""Class methods that a `ClassMethod` layer may name."""
