/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "native_file.h"

static const char magic[] = "OCI-vTPM";

bool
vtpm_native_file_looks_like_one (const uint8_t *file, size_t size)
{
  return size >= strlen (magic) && memcmp (file, magic, strlen (magic)) == 0;
}

int
vtpm_native_file_open (const struct vtpm_secret_bytes *file, const char *what,
                       const struct vtpm_host_keys *keys, enum vtpm_tpm_version *version,
                       struct vtpm_secret_bytes *permanent, struct vtpm_error **error)
{
  _cleanup_instance_key_ struct vtpm_instance_key key = { 0 };
  struct vtpm_state_header header;

  if (vtpm_state_file_inspect (file->data, file->size, what, &header, error) < 0
      || vtpm_instance_key_choose (&header, keys, &key, error) < 0)
    return -1;
  return vtpm_state_file_unseal (file->data, file->size, what, &key, version, &permanent->data,
                                 &permanent->size, error);
}

int
vtpm_native_file_make (const struct vtpm_state_header *header,
                       const uint8_t key[VTPM_HOST_KEY_SIZE], enum vtpm_tpm_version version,
                       const struct vtpm_secret_bytes *permanent, struct vtpm_secret_bytes *file,
                       struct vtpm_error **error)
{
  _cleanup_instance_key_ struct vtpm_instance_key derived = { 0 };

  if (vtpm_instance_key_derive (key, header->uuid, &derived, error) < 0)
    return -1;
  return vtpm_state_file_seal (header, &derived, version, permanent->data, permanent->size,
                               &file->data, &file->size, error);
}
