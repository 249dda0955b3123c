/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TABLE_H
#define OCI_VTPM_TABLE_H

#include <libsmartcols/libsmartcols.h>

#include "cleanup.h"

static inline void
vtpm_cleanup_table (struct libscols_table **table)
{
  scols_unref_table (*table);
}

#define _cleanup_table_ VTPM_CLEANUP (vtpm_cleanup_table)

#endif
