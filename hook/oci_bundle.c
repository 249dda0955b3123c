/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "oci_bundle.h"

#include <fcntl.h>
#include <string.h>

#include "json.h"

/* Kubernetes writes hundreds of mounts; megabytes are a mistake.  */
#define CONFIG_MAX ((size_t) 8 << 20)

static int
join (char **joined, const char *directory, const char *name, struct vtpm_error **error)
{
  if (asprintf (joined, "%s/%s", directory, name) < 0)
    {
      *joined = NULL;
      return vtpm_error_set (error, ENOMEM, "%s", directory);
    }
  return 0;
}

int
vtpm_oci_bundle_rootfs (const char *bundle, char **rootfs, struct vtpm_error **error)
{
  _cleanup_free_ char *path = NULL;
  _cleanup_close_ int fd = -1;
  _cleanup_json_ json_object *config = NULL;
  json_object *root;
  const char *root_path;

  if (join (&path, bundle, "config.json", error) < 0)
    return -1;
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open the bundle's %s", path);
  if (vtpm_json_read_fd (fd, CONFIG_MAX, path, &config, error) < 0
      || vtpm_json_get_object (config, path, "root", true, &root, error) < 0)
    return -1;
  if (vtpm_json_get_string (root, path, "path", true, &root_path, error) < 0)
    return -1;
  if (root_path[0] != '/')
    return join (rootfs, bundle, root_path, error);
  *rootfs = strdup (root_path);
  return *rootfs != NULL ? 0 : vtpm_error_set (error, ENOMEM, "%s", path);
}
