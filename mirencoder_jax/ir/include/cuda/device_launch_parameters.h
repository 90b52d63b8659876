// Sources include it by this name; see runtime.h.
#include "device.h"
#include "runtime.h"
