/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_WHOLE_FILE_H
#define OCI_VTPM_WHOLE_FILE_H

/* Small files that are read, or made, in one go.  WHAT names the file in
   messages.  */

#include <sys/stat.h>

#include "error.h"
#include "secret_bytes.h"

/* Reads FD to its end.  EFBIG: that is more than LIMIT bytes away.  The caller
   clears *BYTES.  */
int vtpm_whole_file_read (int fd, size_t limit, const char *what, struct vtpm_secret_bytes *bytes,
                          struct vtpm_error **error);

/* Makes the file NAME in DIR_FD, durably.  One that is there already, be it a
   symbolic link, is left as it is: EEXIST.  The file belongs to OWNER's user and
   group, or to us if that is NULL.  If it cannot be made, nothing is left.  */
int vtpm_whole_file_create (int dir_fd, const char *name, mode_t mode, const struct stat *owner,
                            const struct vtpm_secret_bytes *bytes, const char *what,
                            struct vtpm_error **error);

#endif
