/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TEMP_DIR_H
#define OCI_VTPM_TEMP_DIR_H

/* A directory of a test's own, gone with all its contents after the test.  */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char temp_dir[32];

static inline void
make_temp_dir (void)
{
  strcpy (temp_dir, "/tmp/oci-vtpm-test.XXXXXX");
  cr_assert_not_null (mkdtemp (temp_dir));
}

static inline int
remove_entry (const char *path, const struct stat *status, int type, struct FTW *position)
{
  (void) status;
  (void) type;
  (void) position;
  remove (path);
  return 0;
}

static inline void
remove_temp_dir (void)
{
  nftw (temp_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of NAME in the directory, valid until the next call but three.  */
static inline const char *
temp_path (const char *name)
{
  static char paths[4][512];
  static unsigned int next;
  char *path = paths[next++ % 4];

  snprintf (path, sizeof (paths[0]), "%s/%s", temp_dir, name);
  return path;
}

static inline void
write_temp_file (const char *name, const void *content, size_t size)
{
  int fd = open (temp_path (name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  cr_assert_geq (fd, 0, "%s", name);
  cr_assert_eq (write (fd, content, size), (ssize_t) size, "%s", name);
  close (fd);
}

#endif
