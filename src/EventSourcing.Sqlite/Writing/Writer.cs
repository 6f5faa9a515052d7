using System.Globalization;

