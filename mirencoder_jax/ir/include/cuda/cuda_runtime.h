// Sources include it by this name; see device.h.
#include "device.h"
