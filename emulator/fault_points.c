/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "fault_points.h"

#ifdef VTPM_ENABLE_FAULT_POINTS

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define EXIT_STATUS 70

static const char *const names[] = {
#define FAULT_POINT_NAME(name, text) [VTPM_FAULT_##name] = text,
  VTPM_FAULT_POINTS (FAULT_POINT_NAME)
};

static char *armed; /* the file's content, NULL without one */

void
vtpm_fault_open (void)
{
  _cleanup_close_ int fd = open (VTPM_FAULT_FILE, O_RDWR | O_CLOEXEC);
  void *mapped = fd < 0 ? MAP_FAILED
                        : mmap (NULL, VTPM_FAULT_FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                                fd, 0);

  armed = mapped == MAP_FAILED ? NULL : mapped;
}

/* The sandbox allows nobody to kill himself but by abort(3), which does things
   on the way out.  */
void
vtpm_fault_meet (enum vtpm_fault_point point)
{
  size_t length = strlen (names[point]);

  if (armed == NULL || strncmp (armed, names[point], VTPM_FAULT_FILE_SIZE) != 0)
    return;
  memset (armed, 0, length);
  _exit (EXIT_STATUS);
}

void
vtpm_fault_print_names (FILE *stream)
{
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    fprintf (stream, "%s\n", names[i]);
}

#endif
