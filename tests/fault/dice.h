/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_DICE_H
#define OCI_VTPM_FAULT_DICE_H

/* What is random in a test and comes again with the same seed.  */

#include <stdint.h>

struct dice
{
  uint64_t state; /* at first the seed, any number */
};

/* A number below LIMIT, by splitmix64.  Those above a multiple of LIMIT are not
   evened out: the limits are small.  */
static inline uint64_t
dice_roll (struct dice *dice, uint64_t limit)
{
  uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (z ^ z >> 31) % limit;
}

#endif
