/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_POINTS_H
#define OCI_VTPM_FAULT_POINTS_H

/*
 * Places at which a process can be made to die, for tests of what follows.
 * They exist in a build with --enable-fault-points only; in any other they are
 * nothing at all.
 *
 * Whoever writes the name of a point to the file VTPM_FAULT_FILE arms it, at any
 * time: every process has mapped that file, and the first that meets the point
 * wipes the name and ends.
 */

#include <stdio.h>

#include "error.h"

#define VTPM_FAULT_FILE "/run/oci-vtpm.fault"
#define VTPM_FAULT_FILE_SIZE 64

/* In the order in which a command meets them: the emulator, and within a commit
   the supervisor.  */
#define VTPM_FAULT_POINTS(POINT) \
  POINT (READ_ANNOUNCED, "read-announced") \
  POINT (READ, "read") \
  POINT (TAKEN, "taken") \
  POINT (EXECUTED, "executed") \
  POINT (PERMANENT_WRITTEN, "permanent-written") \
  POINT (RECORD_WRITTEN, "record-written") \
  POINT (PUBLISHED, "published") \
  POINT (COMMIT_ASKED, "commit-asked") \
  POINT (SUPERVISOR_ASKED, "supervisor-asked") \
  POINT (SUPERVISOR_COMMITTED, "supervisor-committed") \
  POINT (COMMITTED, "committed") \
  POINT (RESPONDED, "responded") \
  POINT (SENT, "sent")

enum vtpm_fault_point
{
#define VTPM_FAULT_POINT_ENUM(name, text) VTPM_FAULT_##name,
  VTPM_FAULT_POINTS (VTPM_FAULT_POINT_ENUM)
#undef VTPM_FAULT_POINT_ENUM
};

#ifdef VTPM_ENABLE_FAULT_POINTS

/* Maps the file, if there is one.  */
void vtpm_fault_open (void);

/* Ends this process at once, as if killed, if POINT is armed.  */
void vtpm_fault_meet (enum vtpm_fault_point point);

/* One name a line.  */
void vtpm_fault_print_names (FILE *stream);

#else

static inline void
vtpm_fault_open (void)
{
}

static inline void
vtpm_fault_meet (enum vtpm_fault_point point)
{
  (void) point;
}

#endif
#endif
