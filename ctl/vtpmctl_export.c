/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <fcntl.h>
#include <libgen.h>

#include "host_key_access.h"
#include "native_file.h"
#include "store.h"
#include "store_user.h"
#include "swtpm_dir.h"
#include "swtpm_file.h"
#include "transfer_secret.h"
#include "vtpmctl.h"
#include "whole_file.h"

struct export
{
  struct vtpm_host_config config;
  struct vtpm_instance_id id;
  struct vtpm_host_keys keys;
  struct vtpm_transfer_secret secret;
  enum vtpmctl_format format;
};

static void
wipe (struct export *export)
{
  explicit_bzero (export, sizeof (*export));
}

#define _cleanup_export_ VTPM_CLEANUP (wipe)

static int
make_native (const struct export *export, const struct vtpm_store *store,
             const struct vtpm_secret_bytes *permanent, struct vtpm_secret_bytes *file,
             struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys = export->keys;

  if (export->secret.kind != VTPM_TRANSFER_NO_SECRET
      && vtpm_transfer_secret_to_host_key (&export->secret, keys.key[0], error) < 0)
    return -1;
  return vtpm_native_file_make (vtpm_store_header (store), keys.key[0],
                                vtpm_store_version (store), permanent, file, error);
}

/* The child's part.  Its output is one byte enum vtpm_tpm_version, and the file.  */
static int
copy_instance (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  struct export *export = context;
  const struct vtpm_store_settings settings = {
    .state_dir = export->config.state_dir,
    .id = &export->id,
    .keys = &export->keys,
    .holder = "vtpmctl export",
  };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes file = { 0 };
  _cleanup_store_ struct vtpm_store *store = NULL;
  struct vtpm_secret_bytes permanent; /* the store's */
  const uint8_t *data;
  int result;

  if (vtpm_store_open (&settings, &store, error) < 0)
    return -1;
  vtpm_store_get_permanent (store, &data, &permanent.size);
  permanent.data = (uint8_t *) data;
  result = export->format == VTPMCTL_FORMAT_SWTPM
               ? vtpm_swtpm_file_make (&permanent, &export->secret, &file, error)
               : make_native (export, store, &permanent, &file, error);
  if (result < 0)
    return -1;
  output->data = malloc (file.size + 1);
  if (output->data == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot copy %zu bytes", file.size);
  output->size = file.size + 1;
  output->data[0] = (uint8_t) vtpm_store_version (store);
  memcpy (output->data + 1, file.data, file.size);
  return 0;
}

static int
write_file (const char *path, const struct vtpm_secret_bytes *file, struct vtpm_error **error)
{
  _cleanup_free_ char *directory = strdup (path);
  _cleanup_free_ char *name = strdup (path);
  _cleanup_close_ int dir_fd = -1;

  if (directory == NULL || name == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  dir_fd = open (dirname (directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0)
    return vtpm_error_set (error, errno, "cannot open the directory of %s", path);
  return vtpm_whole_file_create (dir_fd, basename (name), 0600, NULL, file, path, error);
}

static int
write_copy (enum vtpmctl_format format, const char *path, const struct vtpm_secret_bytes *output,
            struct vtpm_error **error)
{
  const struct vtpm_secret_bytes file = { output->data + 1, output->size - 1 };

  if (output->size < 1 || output->data[0] > VTPM_TPM_1_2)
    return vtpm_error_set_plain (error, EPROTO, "the copy for %s is incomplete", path);
  return format == VTPMCTL_FORMAT_SWTPM
             ? vtpm_swtpm_dir_write (path, (enum vtpm_tpm_version) output->data[0], &file, error)
             : write_file (path, &file, error);
}

int
vtpmctl_export (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                struct vtpm_error **error)
{
  _cleanup_export_ struct export export = { .format = options->format };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes output = { 0 };
  _cleanup_close_ int hold_fd = -1;

  if (vtpm_instance_id_parse (options->arguments[0], &export.id, error) < 0
      || vtpm_host_config_load (host->config_file, &export.config, error) < 0
      || vtpm_transfer_secret_read (options->key_file, options->password_file, &export.secret,
                                    error)
             < 0
      || vtpm_host_key_access (&export.config, &export.keys, &hold_fd, error) < 0
      || vtpm_store_user_run (export.config.state_dir, copy_instance, &export, &output, error) < 0)
    return -1;
  return write_copy (export.format, options->arguments[1], &output, error);
}
